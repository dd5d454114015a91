// The pages by address: one row each. What a row answers with is in the file named after the page.
// Every page is for its own site only; what other sites may call is in handler.ts.

import { submitLogout } from '../endpoints/logout.ts'
import type { Route } from '../routes.ts'
import { accountPage } from './account.ts'
import { submitConsents } from './account-consents.ts'
import { submitDevices } from './account-devices.ts'
import { submitNewPasskey, submitRemovePasskey } from './account-passkeys.ts'
import { submitPassword } from './account-password.ts'
import { submitLeave, submitSessions } from './account-sessions.ts'
import { approvePage } from './approve.ts'
import { assetEndpoint } from './asset.ts'
import { connectedPage } from './connected.ts'
import { consentPage, submitConsent } from './consent.ts'
import { submitDecision, submitUndo } from './decision.ts'
import { deniedPage } from './denied.ts'
import { enterCodePage, linkedCode, submitCode } from './enter-code.ts'
import { frontPage } from './front.ts'
import { setupPage, submitSetup } from './setup.ts'
import { signInPage, submitPasskey, submitSignIn } from './sign-in.ts'
import { submitCancel, submitContinue } from './sign-in-request.ts'
import { submitSignOut } from './sign-out.ts'

type Answers = Pick<Route, 'GET' | 'POST'>

const page = (path: string, answers: Answers): Route => ({
  name: 'page',
  path,
  cors: 'never',
  speaks: 'html',
  ...answers,
})

export const pageRoutes: readonly Route[] = [
  page('/', { GET: frontPage }),
  page('/setup/', { GET: setupPage, POST: submitSetup }),
  page('/login', { GET: signInPage, POST: submitSignIn }),
  page('/login/passkey', { POST: submitPasskey }),
  page('/login/continue', { POST: submitContinue }),
  page('/login/cancel', { POST: submitCancel }),
  page('/consent', { GET: consentPage, POST: submitConsent }),
  page('/logout', { POST: submitSignOut }),
  page('/logout/confirm', { POST: submitLogout }),
  page('/device', { GET: enterCodePage, POST: submitCode }),
  page('/device/approve', { GET: approvePage }),
  page('/device/decision', { POST: submitDecision }),
  page('/device/connected', { GET: connectedPage }),
  page('/device/undo', { POST: submitUndo }),
  page('/device/denied', { GET: deniedPage }),
  page('/device/', { GET: linkedCode }),
  page('/account', { GET: accountPage }),
  page('/account/devices', { POST: submitDevices }),
  page('/account/consents', { POST: submitConsents }),
  page('/account/passkeys', { POST: submitNewPasskey }),
  page('/account/passkeys/remove', { POST: submitRemovePasskey }),
  page('/account/sessions', { POST: submitSessions }),
  page('/account/password', { POST: submitPassword }),
  page('/account/leave', { POST: submitLeave }),
  page('/assets/', { GET: assetEndpoint }),
]
