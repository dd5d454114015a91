// The page of the application in main.ts: the custom element, and what to do when it says that an account is connected.
// It needs no other script or style, so it may have as strict a content security policy as you like.

export const pageText = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Connect an account</title>
<h1>Connect an account</h1>
<countersign-connect provider="countersign" name="Countersign"></countersign-connect>
<p id="me"></p>
<script type="module" src="/api/onboarding/oauth/element.js"></script>
<script type="module" src="/page.js"></script>
</html>
`

export const pageScript = `const show = async () => {
  document.querySelector('#me').textContent = await (await fetch('/me')).text()
}
document.addEventListener('countersign-connected', show)
show()
`
