// The pages by address: one row each. What a row answers with is in the file named after the page.
// Every page is for its own site only; what other sites may call is in handler.ts.

import { submitLogout } from '../endpoints/logout.ts'
import type { Route } from '../routes.ts'
import type { Services } from '../services.ts'
import { accountPage } from './account.ts'
import { submitConsents } from './account-consents.ts'
import { submitDevices } from './account-devices.ts'
import { submitConnectIdentity, submitDisconnect } from './account-identities.ts'
import { submitNewPasskey, submitRemovePasskey } from './account-passkeys.ts'
import { submitPassword } from './account-password.ts'
import { submitLeave, submitSessions } from './account-sessions.ts'
import { approvePage } from './approve.ts'
import { assetEndpoint } from './asset.ts'
import { connectPage, submitConnect } from './connect.ts'
import { connectedPage } from './connected.ts'
import {
  submitCancelConnection,
  submitConnection,
  submitDisconnectConnection,
  submitRenameConnection,
} from './connection-changes.ts'
import { connectionCallback, connectionFlow } from './connection-flow.ts'
import { connectionsPage } from './connections.ts'
import { consentPage, submitConsent } from './consent.ts'
import { submitDecision, submitUndo } from './decision.ts'
import { deniedPage } from './denied.ts'
import { enterCodePage, linkedCode, submitCode } from './enter-code.ts'
import { frontPage } from './front.ts'
import { returnCodePage } from './return-code.ts'
import { setupPage, submitSetup } from './setup.ts'
import { signInPage, submitPasskey, submitSignIn } from './sign-in.ts'
import { submitCancel, submitContinue } from './sign-in-request.ts'
import { submitSignOut } from './sign-out.ts'
import { turnedAwayPage } from './turned-away.ts'
import { submitUpstream, upstreamCallback } from './upstream.ts'

type Answers = Pick<Route, 'GET' | 'POST'>

const page = (path: string, answers: Answers): Route => ({
  name: 'page',
  path,
  cors: 'never',
  speaks: 'html',
  ...answers,
})

/** Without those by which people sign in here, where a host application says who is signed in. */
export function pageRoutesFor({ host }: Pick<Services, 'host'>): readonly Route[] {
  if (host === undefined) return pageRoutes
  return pageRoutes
    .filter(({ path }) => !ownSignIn.has(path))
    .map((route) => (route.path === '/login' ? page('/login', { GET: signInPage }) : route))
}

const ownSignIn: ReadonlySet<string> = new Set([
  '/setup/',
  '/login/passkey',
  '/login/connect',
  '/login/upstream/',
  '/logout',
  '/account/identities/connect',
  '/account/identities/disconnect',
  '/account/passkeys',
  '/account/passkeys/remove',
  '/account/sessions',
  '/account/password',
  '/account/leave',
])

export const pageRoutes: readonly Route[] = [
  page('/', { GET: frontPage }),
  page('/setup/', { GET: setupPage, POST: submitSetup }),
  page('/login', { GET: signInPage, POST: submitSignIn }),
  page('/login/passkey', { POST: submitPasskey }),
  page('/login/connect', { GET: connectPage, POST: submitConnect }),
  page('/login/upstream/', { GET: upstreamCallback, POST: submitUpstream }),
  page('/login/continue', { POST: submitContinue }),
  page('/login/cancel', { POST: submitCancel }),
  page('/consent', { GET: consentPage, POST: submitConsent }),
  page('/logout', { POST: submitSignOut }),
  page('/logout/confirm', { POST: submitLogout }),
  page('/device', { GET: enterCodePage, POST: submitCode }),
  page('/device/approve', { GET: approvePage }),
  page('/device/decision', { POST: submitDecision }),
  page('/device/return-code', { GET: returnCodePage }),
  page('/device/connected', { GET: connectedPage }),
  page('/device/undo', { POST: submitUndo }),
  page('/device/denied', { GET: deniedPage }),
  page('/device/turned-away', { GET: turnedAwayPage }),
  page('/device/', { GET: linkedCode }),
  page('/account', { GET: accountPage }),
  page('/account/devices', { POST: submitDevices }),
  page('/account/consents', { POST: submitConsents }),
  page('/account/identities/connect', { POST: submitConnectIdentity }),
  page('/account/identities/disconnect', { POST: submitDisconnect }),
  page('/account/connections', { GET: connectionsPage }),
  page('/account/connections/connect', { POST: submitConnection }),
  page('/account/connections/cancel', { POST: submitCancelConnection }),
  page('/account/connections/rename', { POST: submitRenameConnection }),
  page('/account/connections/disconnect', { POST: submitDisconnectConnection }),
  page('/account/connections/callback/', { GET: connectionCallback }),
  page('/account/connections/', { GET: connectionFlow }),
  page('/account/passkeys', { POST: submitNewPasskey }),
  page('/account/passkeys/remove', { POST: submitRemovePasskey }),
  page('/account/sessions', { POST: submitSessions }),
  page('/account/password', { POST: submitPassword }),
  page('/account/leave', { POST: submitLeave }),
  page('/assets/', { GET: assetEndpoint }),
]
