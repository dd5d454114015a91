// Every sentence of the pages, in one place, so that another language is another file like this one.
// Plurals and times go through Intl. What is inserted as markup was escaped by whoever made it.

import { html } from 'hono/html'
import type { AccountFault } from '../accounts/accounts.ts'
import { connectionText } from './messages-connections.ts'
import { deviceText } from './messages-device.ts'

export const language = 'en'
export const direction = 'ltr'

type Html = ReturnType<typeof html>

// Made when first needed: together they map 8 MB of language data, which an idle server has no use for.
const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
const plurals = once(() => new Intl.PluralRules(language))
const relative = once(() => new Intl.RelativeTimeFormat(language, { numeric: 'auto' }))
const dates = once(() => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }))

const counted = (count: number, one: string, other: string): string =>
  `${count} ${plurals().select(count) === 'one' ? one : other}`

/** "20 seconds ago", "yesterday". */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, now - at)
  if (seconds < 5) return 'just now'
  if (seconds < 60) return relative().format(-Math.floor(seconds), 'second')
  if (seconds < 3600) return relative().format(-Math.floor(seconds / 60), 'minute')
  if (seconds < 86_400) return relative().format(-Math.floor(seconds / 3600), 'hour')
  if (seconds < 30 * 86_400) return relative().format(-Math.floor(seconds / 86_400), 'day')
  return dates().format(at * 1000)
}

/** "9:41". */
export function clockText(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds))
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
}

export function spanText(seconds: number): string {
  if (seconds >= 2 * 86_400) return counted(Math.round(seconds / 86_400), 'day', 'days')
  if (seconds >= 2 * 3600) return counted(Math.round(seconds / 3600), 'hour', 'hours')
  if (seconds >= 60) return counted(Math.ceil(seconds / 60), 'minute', 'minutes')
  return counted(Math.max(1, Math.ceil(seconds)), 'second', 'seconds')
}

const accountFaults: Readonly<Record<AccountFault, string>> = {
  email: 'That does not look like an e-mail address.',
  exists: 'There is an account with this e-mail address already.',
  busy: 'Many people are signing in at this moment. Please try again in a few seconds.',
  too_short: 'That is too short. Use at least 8 characters; a few words together are good.',
  too_long: 'That is too long. Use at most 256 characters.',
  too_common: 'That password is one of the first that anybody would try. Choose another.',
  too_personal: 'That is your name or e-mail address. Choose something that others do not know.',
}

export const text = {
  ...deviceText,
  connections: connectionText,
  footer: (host: Html) =>
    html`You are on ${host}. Nobody from here will ever send you a code or ask you for one.`,
  toStart: 'Back to the start',
  tryAgainIn: (seconds: number) => `You can try again in ${spanText(seconds)}.`,
  faultId: 'If you report this, name the number',
  accountFaults,

  problems: {
    malformed: {
      title: 'That did not arrive whole',
      says: 'Go back, reload the page and try again. Nothing was changed.',
    },
    too_large: {
      title: 'That was too much at once',
      says: 'Something in the form is far longer than it can be. Go back, shorten it and try again. Nothing was changed.',
    },
    forged: {
      title: 'This page is out of date',
      says: 'You signed in or out since it was opened, this browser keeps no cookies, or it was sent from somewhere else. Go back, reload it and try again. Nothing was changed.',
    },
    not_found: { title: 'There is no such page', says: 'The address may have been mistyped or cut off.' },
    client_unknown: {
      title: 'This app is not known here',
      says: 'It sent you here without saying who it is, or under a name that this server does not know. Go back to the app; if this happens again, tell the people who make it.',
    },
    redirect_unknown: {
      title: 'The app sent you here in the wrong way',
      says: 'It wants the answer sent to an address that it never registered, so nothing was sent anywhere. Go back to the app; if this happens again, tell the people who make it.',
    },
    request_over: {
      title: 'This request is over',
      says: 'It was used already, its time is up, or it was begun in another browser. Go back to the app and start again.',
    },
    setup_used: {
      title: 'This setup link no longer works',
      says: 'It works once, and only until there is an account or the server is started again. If you are setting up this server, use the link it printed last.',
    },
    not_admitted: {
      title: 'You cannot be let in here',
      says: 'There is no account here for you that may be used. Ask the people who run this server.',
    },
    too_many: { title: 'Too many tries', says: 'To keep strangers from guessing, there is a pause now.' },
    busy: {
      title: 'Just a moment',
      says: 'Many people are here at this moment. Nothing was changed; please try again.',
    },
    fault: {
      title: 'Something went wrong here',
      says: 'It is not your fault. Please try again in a moment.',
    },
  },

  handBack: {
    title: 'Back to the app',
    lead: 'Your answer is on its way.',
    button: 'Continue',
  },

  front: {
    title: 'Sign in your terminal',
    lead: 'A program, a server or a device asks; you decide here, in your browser.',
    connect: 'Connect a device',
    signIn: 'Sign in',
    account: 'Your devices',
  },

  signIn: {
    title: 'Sign in',
    connecting: (code: Html) => html`Connecting ${code}`,
    again: (email: string) => `You are signed in as ${email}. Sign in again, or as somebody else.`,
    toContinue: (app: Html) => html`to continue to ${app}`,
    why: {
      again: (app: Html) => html`${app} asks that you sign in again.`,
      choose: (app: Html) => html`${app} asks which account to use.`,
      stronger: (app: Html) => html`${app} asks that you sign in with a passkey.`,
    },
    passkeyNeedsScript: 'Signing in with a passkey needs scripts to be allowed in this browser.',
    continueAs: (email: Html) => html`Continue as ${email}`,
    another: 'Use another account',
    cancel: 'Cancel and go back',
    passkey: 'Sign in with a passkey',
    passkeyFailed: 'That passkey did not work here. Try again, or use your password.',
    or: 'or',
    email: 'E-mail address',
    password: 'Password',
    button: 'Sign in',
    wrong: 'That e-mail address and password do not match an account here.',
    noAccounts: 'There is no account yet. Open the setup link that the server printed when it started.',
    signOut: 'Sign out',
  },

  upstream: {
    continueWith: (provider: Html) => html`Continue with ${provider}`,
    leaving: (provider: string) => `To ${provider}`,
    lead: (place: Html) => html`You are being sent to ${place} to say who you are.`,
    button: 'Continue',
    faults: {
      denied: 'You said no at the other site, so nobody was signed in here.',
      unavailable: 'The other site did not answer. Please try again in a moment, or sign in another way.',
      refused:
        'The other site did not let you sign in here. Whoever runs this server can see why in its log.',
      untrusted: 'What the other site answered does not hold, so nobody was signed in. Please try again.',
      over: 'That took too long, was used already, or was begun in another browser. Please try again.',
      nobody: 'There is no account here for you. Sign in another way, or ask whoever runs this server.',
      exists:
        'There is an account with your e-mail address already. Sign in to it as always; then you can connect the two.',
      email: 'For a new account here you need an e-mail address that the other site has verified.',
      unready: 'There is no account here yet, and the first one is made by whoever runs this server.',
      taken: 'You are another account here already when you come from there. Nothing was changed.',
      busy: 'Many people are here at this moment. Nothing was changed; please try again.',
      other_account: 'Somebody else signed in here in the meantime. Nothing was changed.',
    },
    terminalWaits: 'Your terminal still waits; you can also go back to it and start again.',
    turnedAwayTitle: 'Nothing was allowed',
    turnedAway:
      'You said no, so nobody was signed in, and the device was told no. You can close this tab and go back to your terminal.',
    connectTitle: 'Connect the two?',
    connectLead: (provider: Html, account: Html) =>
      html`From then on you can sign in to ${account} with ${provider}, too.`,
    there: (provider: Html) => html`At ${provider} you are`,
    connect: 'Connect',
    notNow: 'Not now',
  },

  setup: {
    title: 'Welcome. Make the first account',
    lead: 'This server is new. The account you make now is its administrator. This link works once.',
    name: 'Your name',
    email: 'E-mail address',
    password: 'Password',
    passwordHint: 'At least 8 characters. A few words together are easy to remember and hard to guess.',
    button: 'Create account',
  },

  consent: {
    title: (app: Html) => html`Allow ${app} to use your account?`,
    identifiedBy: 'Describes itself at',
    goesTo: 'Sends you back to',
    thisComputer: 'a program on this computer',
    anyProgram: {
      loopback:
        'Any program on this computer can ask in this name. Allow it only if you started it yourself, just now.',
      scheme:
        'Any app on this device can ask in this name. Allow it only if you started it yourself, just now.',
    },
    otherHost: 'It sends you back to another place than the one that describes it.',
    newScopes: 'New: it will also be able to',
    nothingNew: 'Nothing more than before.',
    agreed: 'You agreed before that it may',
    optional: 'Optional. Untick what you do not want.',
    noScopes: 'It asks for nothing but your agreement.',
    theirPages: 'More about it:',
    pages: { home: 'Website', terms: 'Terms', privacy: 'Privacy policy' },
    question: (when: string) => `It asked ${when}. Was that you?`,
    ended: 'The time for this is over. Go back to the program and start again.',
    outdated: 'You signed in or out since this page was opened. Look at it again: nothing was decided yet.',
    unnoticed: 'Terminal did not notice? Press d there.',
    nothing: 'With nothing ticked there is nothing to allow. Tick something, or choose “Don’t allow”.',
  },

  leave: {
    title: 'Going back',
    lead: (place: Html) => html`You are being sent back to ${place}.`,
    button: 'Continue',
    refusedTitle: 'This app cannot be let in',
    refused: (app: Html, place: Html) =>
      html`What ${app} asks for cannot be given, and nothing was shared with it. It wants you back at ${place}; nobody here has checked whose place that is. Go on only if you came from there.`,
  },

  over: {
    title: 'This request is over',
    says: 'It was answered already, its time is up, or it was started in another browser.',
    next: 'Go back to the program that sent you here. If it still waits, start again there.',
  },

  logout: {
    title: 'Sign out?',
    lead: 'You were sent here to be signed out of this browser.',
    askedBy: (app: Html) => html`${app} asks to sign you out of this browser.`,
    faulty: 'Something in the request is not right, so you will not be sent back to where you came from.',
    stay: 'Stay signed in',
    button: 'Sign out',
    doneTitle: 'You are signed out',
    atHost:
      'You did not sign in here but in the application that this page belongs to. Please sign out there.',
    done: 'This browser is signed out here. Devices and programs that you have signed in stay signed in.',
  },

  account: {
    title: 'Your account',
    greeting: (name: string) => `Hello, ${name}`,
    devices: 'Devices and programs',
    devicesLead: 'What is signed in to your account. Sign out what you do not know.',
    noDevices: 'Nothing is signed in yet.',
    firstStep: 'In a terminal, on this or any other computer, type:',
    justConnected: 'Just connected',
    via: {
      device_code: 'with a code',
      authorization_code: 'in a browser',
      jwt_bearer: 'by your organisation',
    },
    lastUsed: (when: string) => `Last used ${when}`,
    connectedAt: (when: string) => `connected ${when}`,
    noName: 'Unnamed device',
    manage: 'Rename or sign out',
    rename: 'Name',
    save: 'Save',
    signOutDevice: 'Sign out',
    signOutOthers: 'Sign out all others',
    signOutAllDevices: 'Sign out all devices',
    hidden: (count: number) => `And ${counted(count, 'older device', 'older devices')} that are not shown.`,
    mayDo: 'May',
    consents: 'Apps you have agreed to',
    consentsLead: 'What you said yes to, and did not take back. Withdraw what you no longer want.',
    consentAt: (when: string) => `Agreed ${when}`,
    consentPlace: 'Sends you back to',
    withdraw: 'Withdraw',
    withdrawLead: (app: Html) =>
      html`This signs ${app} out everywhere. It can come back only by asking you again.`,
    withdrawSummary: 'What it may do',
    hiddenConsents: (count: number) => `And ${counted(count, 'older one', 'older ones')} not shown.`,
    identities: 'Ways to sign in',
    identitiesLead: 'Accounts of yours elsewhere with which you can sign in here.',
    noIdentities: 'None is connected yet.',
    identityNeedsSignIn:
      'To connect or disconnect an account, sign in again: you did so more than 15 minutes ago.',
    connectWith: (provider: Html) => html`Connect ${provider}`,
    disconnect: 'Disconnect',
    connectedAs: (name: string) => `as ${name}`,
    passkeys: 'Passkeys',
    passkeysLead:
      'Sign in with your fingerprint, face or device lock. A passkey cannot be phished or guessed.',
    noPasskeys: 'You have no passkey yet.',
    passkeyName: 'Name for a new passkey',
    addPasskey: 'Add a passkey',
    passkeyFailed: 'The passkey was not added. Please try again.',
    passkeyNeedsScript: 'Adding a passkey needs scripts to be allowed in this browser.',
    passwordNeedsSignIn: 'To set a password, sign in again: you did so more than 15 minutes ago.',
    passkeyNeedsSignIn: 'To add or remove a passkey, sign in again: you did so more than 15 minutes ago.',
    passkeyNoHost: 'Passkeys need a host name; this server is reached by an IP address.',
    lastWayIn: 'This is your only way to sign in. Add another one first.',
    signInAgain: 'Sign in again',
    added: (when: string) => `Added ${when}`,
    neverUsed: 'not used yet',
    remove: 'Remove',
    browsers: 'Browsers',
    browsersLead: 'Where you are signed in to these pages.',
    thisBrowser: 'This browser',
    lastSeen: (when: string) => `Last seen ${when}`,
    endSession: 'Sign out',
    signOutOtherBrowsers: 'Sign out all other browsers',
    password: 'Password',
    currentPassword: 'Current password',
    newPassword: 'New password',
    changePassword: 'Change password',
    setPassword: 'Set password',
    passwordEndsSessions: 'Your other browsers will be signed out.',
    alsoDevices: 'Sign out all devices, too',
    wrongPassword: 'That is not your current password.',
    leave: 'Sign out everywhere',
    leaveLead: 'Ends every browser session and signs out every device, this browser included.',
    signOut: 'Sign out',
    connect: 'Connect a device',
    notes: {
      password: 'Your password was changed.',
      renamed: 'The name was saved.',
      revoked: 'The device was signed out.',
      revoked_all: 'The devices were signed out.',
      consent_withdrawn: 'What you had agreed to was withdrawn.',
      identity_linked: 'The account was connected.',
      identity_unlinked: 'The account was disconnected.',
      passkey_added: 'The passkey was added.',
      passkey_removed: 'The passkey was removed.',
      session_ended: 'The browser was signed out.',
      sessions_ended: 'The other browsers were signed out.',
      connection_renamed: 'The name was saved.',
      connection_ended: 'It was disconnected, and the other site was told so.',
      connection_ended_here:
        'It was disconnected and forgotten here. The other site was not told; you can end it there, too.',
    },
  },
} as const

export type Note = keyof typeof text.account.notes

export type Fault = keyof typeof text.upstream.faults
