// The sentences of the pages on which a device is connected: entering the code, the question, the characters to type back, and what
// comes of it. They are part of `text` in messages.ts, where all others are.

import { html } from 'hono/html'

type Html = ReturnType<typeof html>

export const deviceText = {
  enter: {
    title: 'Connect a device',
    lead: 'Your terminal or device shows a code. Enter it here.',
    label: 'Code',
    hint: '8 letters, like WDJB-MJHT. Capitals and dashes do not matter.',
    button: 'Continue',
    beware: 'Did someone send you this code? Then close this page: they are trying to get into your account.',
    unknown: 'That code was not found or has expired. Check it, or run the command again.',
    hints: {
      letter_o: 'There is no letter O and no zero in a code. Look again: it may be a Q or a D.',
      length: 'A code has 8 letters. Check that all of them are there.',
      letters: 'A code has no vowels and no digits. Check it letter by letter.',
    },
  },

  expired: {
    title: 'This code is no longer valid',
    lead: 'It has expired or was used. Run the command again to get a new one.',
  },

  approve: {
    pageTitle: (app: string) => `Allow ${app}?`,
    title: (app: Html) => html`Allow ${app} to use your account?`,
    verified: (publisher: Html) => html`By ${publisher}, verified`,
    notVerified: 'Publisher not verified',
    account: 'Account',
    notYou: 'Not you? Switch',
    codeLead: 'Your terminal shows',
    codeAdvice: 'If it shows another code, or none, choose “Don’t allow”.',
    differentTitle: 'The request comes from a different network.',
    different: {
      known:
        'You have signed this program in from that network before. If you did not start this yourself, it is an attack on your account.',
      confirm:
        'That is normal for a server you are connected to. If you did not start this yourself, it is an attack on your account.',
      'return-code':
        'That is normal for a server you are connected to. If you did not start this yourself, it is an attack on your account.',
      refuse:
        'This program cannot be allowed from there: this server wants it in the same network as your browser. If you did not start this yourself, somebody tried to get into your account.',
    },
    thenReturn: 'After “Allow” you see six characters to type in your terminal.',
    confirm: 'I started this myself, and I see this code on that device.',
    confirmMissing: 'Tick this only if it is true; otherwise choose “Don’t allow”.',
    seen: 'Seen by us',
    reported: 'Reported by the device',
    reportedHint: 'It says this about itself; we cannot check it.',
    kind: 'Program',
    system: 'System',
    network: 'Network',
    sameNetwork: 'The same as this browser’s',
    otherNetwork: 'Not the network of this browser',
    address: 'Address',
    asked: 'Asked',
    deviceName: 'Name',
    version: 'Version',
    agent: 'Started by',
    nothingReported: 'Nothing.',
    unknown: 'Not known',
    scopes: 'It will be able to',
    until: (days: string) => `This lasts until you sign it out, at most ${days}.`,
    untilToken: (span: string) => `This lasts ${span}.`,
    resources: 'At',
    careful: 'Careful:',
    question: 'Did you just start this yourself?',
    questionCommand: (command: Html) => html`Did you just run ${command}?`,
    deny: 'Don’t allow',
    allow: 'Allow',
    report: 'I didn’t start this',
    left: (clock: Html) => html`${clock} left`,
    lastMinute: 'One minute left.',
    ended: 'This code has expired. Run the command again to get a new one.',
    otherCode: 'Enter another code',
  },

  needs: {
    again: (app: Html) => html`${app} asks that you sign in anew before you allow this.`,
    stronger: (app: Html) => html`${app} asks that you sign in with a passkey before you allow this.`,
    impossible: (app: Html) =>
      html`${app} asks for a kind of sign-in that this server does not have. It cannot be allowed.`,
    signIn: 'Sign in again',
  },

  returnCode: {
    title: 'Now type this in your terminal',
    lead: html`Type these six characters <strong>in the terminal you are using</strong>.`,
    never:
      'Never read them to anyone and send them to nobody: whoever asks you for them is trying to get into your account.',
    otherBrowser:
      'The six characters are shown only in the browser in which you chose “Allow”. Go back to it, or undo this and run the command again.',
    next: (device: Html) => html`${device} is signed in as soon as they arrive.`,
    done: 'I have typed them',
    left: (clock: Html) => html`${clock} left`,
  },

  connected: {
    title: 'Connected',
    says: (device: Html, email: Html) => html`${device} is signed in as ${email}.`,
    goBack: 'You can close this tab and go back to your terminal.',
    undo: 'Undo',
    undoHint: (span: string) => `Not what you wanted? You can undo this for ${span}.`,
    devices: 'All devices',
    lateUndo: 'It is too late to undo this here. Sign the device out in the list of your devices.',
  },

  denied: {
    title: 'Nothing was allowed',
    says: 'The device was told no. It has no access to your account. You can close this tab.',
    reportedTitle: 'Refused and reported',
    reportedSays: 'Nothing was allowed. Thank you: the people who run this server can see your report.',
    next: 'If somebody sent you the code or asked you for it, they know your address. Look after your account:',
    password: 'Change your password',
    everywhere: 'Look at your devices and browsers',
    undoneTitle: 'Undone',
    undoneSays: 'The device is signed out again. It has no access to your account.',
    refusedSays:
      'This server does not allow this program from a different network than that of your browser. The device was told so.',
    mistypedSays:
      'The characters were typed wrong three times, so the request was ended. Run the command again to get a new code.',
    lateTitle: 'The time is over',
    lateSays:
      'The characters were not typed in time, so nothing was allowed. Run the command again to get a new code.',
    again: 'Enter another code',
  },
} as const
