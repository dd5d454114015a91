// The sentences of the pages on which people connect accounts of theirs elsewhere, and what the permissions of well-known
// providers mean in plain words. They are part of `text` in messages.ts, where all others are.

import { html } from 'hono/html'

type Html = ReturnType<typeof html>

export const connectionText = {
  title: 'Connections',
  section: 'Connections',
  sectionLead: 'Accounts of yours elsewhere that your programs may use when you let them.',
  open: 'See your connections',
  lead: 'Accounts of yours elsewhere that programs signed in here may use when you let them. No page and no link ever shows what opens them.',
  connected: 'Connected',
  none: 'Nothing is connected yet.',
  works: 'Works',
  endedBadge: 'Connect again',
  ended: {
    refused: (provider: Html) =>
      html`${provider} no longer accepts this connection: it was ended there, or its time is up.`,
    answer_lost: (provider: Html) =>
      html`An answer of ${provider} was lost on its way, so this connection can no longer be renewed.`,
  },
  connectAgain: 'Connect again',
  since: (when: string) => `Connected ${when}`,
  renewed: (when: string) => `renewed ${when}`,
  manage: 'Manage',
  may: 'It may:',
  noScopes: 'The provider did not say what it may do.',
  label: 'Name',
  save: 'Save',
  disconnect: 'Disconnect',
  disconnectLead: (provider: Html) =>
    html`After that no program can use it any more, and ${provider} is told that it is over.`,
  add: 'Connect another account',
  addFirst: 'Connect an account',
  labelOptional: 'Name for it (optional)',
  connectButton: 'Connect',
  needsSignIn: 'To connect or disconnect an account, sign in again: you did so more than 15 minutes ago.',
  back: 'Your connections',

  leaving: (place: Html) => html`You are being sent to ${place} to allow the connection.`,
  pageTitle: (provider: string) => `Connect ${provider}`,
  heading: (provider: Html) => html`Connect ${provider}`,
  pending: {
    code: (place: Html) => html`Open ${place} and enter this code there.`,
    codeShown: (place: Html) => html`Open ${place} and check that it shows this code.`,
    openPlace: (provider: Html) => html`Open ${provider}`,
    codeLabel: 'Your code',
    beware: 'Allow it there only if you started it here yourself. Never give the code to anybody.',
    qrTitle: 'Use your phone instead',
    qrLabel: (place: string) => `QR code for ${place}`,
    redirect: (provider: Html) => html`Allow the connection at ${provider}; you come back here by yourself.`,
    back: (provider: Html) => html`You are back from ${provider}, and its last answer is on its way.`,
    goOn: (provider: Html) => html`Continue to ${provider}`,
    waitingBack: 'This page goes on by itself.',
    waiting: 'Waiting for your answer there. This page goes on by itself.',
    left: (clock: Html) => html`${clock} left`,
    lastMinute: 'One minute left.',
    ended: 'The time is over.',
    cancel: 'Cancel',
  },
  success: {
    title: (provider: Html) => html`${provider} is connected`,
    says: 'Programs that you allow to can use it from now on. You can close this tab.',
  },
  denied: {
    title: 'Nothing was connected',
    says: (provider: Html) => html`You said no at ${provider}, or it said no for you.`,
  },
  expired: {
    title: 'The time is over',
    says: (provider: Html) => html`${provider} was not told yes in time, so nothing was connected.`,
  },
  cancelled: {
    title: 'Cancelled',
    says: (provider: Html) => html`Nothing was connected. If ${provider} still asks you, say no there.`,
  },
  error: { title: 'That did not work' },
  nothingConnected: 'Nothing was connected.',
  startAgain: 'Start again',
  over: {
    title: 'There is nothing to go on with here',
    says: 'This was begun in another browser or by somebody else, or it ended a while ago. Nothing was connected by coming here.',
  },

  faults: {
    connection_unavailable: 'The other site did not answer as it should. Please try again in a moment.',
    connection_refused:
      'The other site does not let this server connect accounts. Whoever runs this server can see why in its log.',
    connection_gone: 'That connection is gone already.',
  },

  /** What providers call their permissions, and what people do. */
  scopes: {
    // https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    repo: 'read and change your repositories, private ones included',
    public_repo: 'read and change your public repositories',
    gist: 'write gists',
    workflow: 'change the workflows of your repositories',
    'read:org': 'see which organisations you are in',
    'read:user': 'see your profile',
    'user:email': 'see your e-mail addresses',
    // https://docs.gitlab.com/integration/oauth_provider/#view-all-authorized-applications
    api: 'do everything that you can do there',
    read_api: 'read everything that you can see there',
    read_user: 'see your profile',
    read_repository: 'read your repositories',
    write_repository: 'read and change your repositories',
    // https://learn.microsoft.com/en-us/graph/permissions-reference
    'User.Read': 'see your profile',
    'Mail.Read': 'read your mail',
    'Calendars.Read': 'read your calendars',
    'Files.Read': 'read your files',
    // https://docs.slack.dev/reference/scopes
    'chat:write': 'write messages in your name',
    'channels:read': 'see public channels',
    'users:read': 'see who is in the workspace',
    // OIDC Core §5.4 and §11
    openid: 'know who you are',
    profile: 'see your name',
    email: 'see your e-mail address',
    offline_access: 'go on while you are away',
  },
} as const
