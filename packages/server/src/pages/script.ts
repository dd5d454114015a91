// What scripts add to the pages, for browsers that run them: capitals while a code is typed, a running countdown, noticing that
// something was answered elsewhere, passkeys.
// Everything but passkeys works without. It is plain browser JavaScript, sent as it stands here, and stays under 3 kB.

export const clientScript = `'use strict'
for (const input of document.querySelectorAll('[data-capitals]')) {
  input.addEventListener('input', () => {
    if (!/^[a-z -]{1,9}$/i.test(input.value)) return
    const { selectionStart: at } = input
    input.value = input.value.toUpperCase()
    input.setSelectionRange(at, at)
  })
}

for (const shown of document.querySelectorAll('[data-left]')) {
  const end = Date.now() + shown.dataset.left * 1000
  const status = document.getElementById('time-status')
  const say = (words) => { if (status.textContent !== words) status.textContent = words }
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000))
    shown.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0')
    if (left === 0) { say(status.dataset.ended); clearInterval(timer) }
    else if (left <= 60) say(status.dataset.lastMinute)
  }
  const timer = setInterval(tick, 1000)
  tick()
}

// Until the answer is there that the page waits for; a page without scripts loads itself anew instead.
for (const { dataset } of document.querySelectorAll('[data-await]')) {
  const look = async () => {
    try {
      const answer = await fetch(dataset.await)
      if (answer.redirected || !answer.ok || (await answer.json()).state !== 'pending') return location.reload()
    } catch {}
    setTimeout(look, 1000)
  }
  look()
}

// Back from the terminal: the page may have been answered there.
if (document.querySelector('[data-look-again]')) addEventListener('focus', () => location.reload())

const Credential = window.PublicKeyCredential
if (Credential && Credential.parseRequestOptionsFromJSON) {
  for (const block of document.querySelectorAll('[data-needs-passkeys]')) block.hidden = false
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const failed = form.querySelector('[data-failed]')
      failed.hidden = true
      try {
        const options = JSON.parse(form.dataset.options)
        const credential = form.dataset.passkey === 'create'
          ? await navigator.credentials.create({ publicKey: Credential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: Credential.parseRequestOptionsFromJSON(options) })
        form.elements.credential.value = JSON.stringify(credential.toJSON())
        form.submit()
      } catch {
        failed.hidden = false
      }
    })
  }
}
`
