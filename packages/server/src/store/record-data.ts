// How a record is kept as text in the SQL stores: its members without id and version, which have columns of their own.
// Most kinds are JSON objects. The three that a sign-in is made of are packed: JSON arrays of their values in a fixed order, since
// names are half of such a text, and are read again at each poll and each introspection.
// A member that is added stands at the end of its array, where rows from before have nothing, and a place is never used again. Rows
// of programs that packed nothing are objects, and are read as such.

import type {
  AuthorizationCode,
  DeviceAuthorization,
  Grant,
  Kind,
  Records,
  RequestContext,
} from '@countersign/protocol'
import type { AnyRecord } from './tables.ts'

export function toData(kind: Kind, record: AnyRecord): string {
  const packing = packingOf(kind)
  // Undefined members are left out by JSON.
  return JSON.stringify(packing?.pack(record) ?? { ...record, id: undefined, version: undefined })
}

/** The record of a row; `data` is what `toData` made of it, or an older program. */
export function toRecord<K extends Kind>(kind: K, id: string, version: number, data: string): Records[K] {
  const kept = JSON.parse(data) as object
  if (Array.isArray(kept)) return unpack(kind, id, version, kept) as Records[K]
  const record = kept as { id: string; version: number }
  record.id = id
  record.version = version
  return record as Records[K]
}

function unpack(kind: Kind, id: string, version: number, values: readonly unknown[]): AnyRecord {
  const packing = packingOf(kind)
  if (packing === undefined) throw new TypeError(`Records of the kind ${kind} are not packed.`)
  // Half of a record could say more than the whole: that nothing has to be typed back, say.
  if (values.length < packing.fewest)
    throw new TypeError(`A row of the kind ${kind} has ${values.length} places.`)
  return packing.unpack(id, version, values)
}

interface Packing<R, Values> {
  /** As many places as the first packed rows of the kind had. */
  readonly fewest: number
  readonly pack: (record: R) => Values
  readonly unpack: (id: string, version: number, values: Values) => R
}

const deviceAuthorization: Packing<DeviceAuthorization, PackedDeviceAuthorization> = {
  fewest: 19,
  pack: packDeviceAuthorization,
  unpack: unpackDeviceAuthorization,
}

const authorizationCode: Packing<AuthorizationCode, PackedAuthorizationCode> = {
  fewest: 15,
  pack: packAuthorizationCode,
  unpack: unpackAuthorizationCode,
}

const grant: Packing<Grant, PackedGrant> = { fewest: 18, pack: packGrant, unpack: unpackGrant }

const packings: { readonly [K in Kind]?: unknown } = { deviceAuthorization, authorizationCode, grant }

/** How a kind is packed, with its types loosened, like `tableOf`. */
function packingOf(kind: Kind): Packing<AnyRecord, readonly unknown[]> | undefined {
  return packings[kind] as Packing<AnyRecord, readonly unknown[]> | undefined
}

type PackedDeviceAuthorization = ReturnType<typeof packDeviceAuthorization>

function packDeviceAuthorization(record: DeviceAuthorization) {
  return [
    record.userCodeHash,
    record.clientId,
    record.scopes,
    record.resources,
    record.status,
    record.interval,
    record.createdAt,
    record.expiresAt,
    packContext(record.context),
    record.decision && packDecision(record.decision),
    record.accountId,
    record.grantId,
    record.jkt,
    record.acrValues,
    record.maxAge,
    record.takesReturnCode,
    record.returnCode,
    record.deniedFor,
    record.networkUnknown ?? null,
  ] as const
}

function unpackDeviceAuthorization(
  id: string,
  version: number,
  [
    userCodeHash,
    clientId,
    scopes,
    resources,
    status,
    interval,
    createdAt,
    expiresAt,
    context,
    decision,
    accountId,
    grantId,
    jkt,
    acrValues,
    maxAge,
    takesReturnCode,
    returnCode,
    deniedFor,
    networkUnknown,
  ]: PackedDeviceAuthorization,
): DeviceAuthorization {
  return {
    id,
    version,
    userCodeHash,
    clientId,
    scopes,
    resources,
    status,
    interval,
    createdAt,
    expiresAt,
    context: unpackContext(context),
    decision: decision && unpackDecision(decision),
    accountId,
    grantId,
    jkt,
    acrValues,
    maxAge,
    takesReturnCode,
    returnCode,
    deniedFor,
    ...(networkUnknown == null ? {} : { networkUnknown }),
  }
}

type PackedAuthorizationCode = ReturnType<typeof packAuthorizationCode>

function packAuthorizationCode(record: AuthorizationCode) {
  return [
    record.clientId,
    record.accountId,
    record.redirectUri,
    record.codeChallenge,
    record.nonce,
    record.scopes,
    record.resources,
    record.jkt,
    record.authTime,
    record.amr,
    packContext(record.context),
    record.status,
    record.grantId,
    record.createdAt,
    record.expiresAt,
  ] as const
}

function unpackAuthorizationCode(
  id: string,
  version: number,
  [
    clientId,
    accountId,
    redirectUri,
    codeChallenge,
    nonce,
    scopes,
    resources,
    jkt,
    authTime,
    amr,
    context,
    status,
    grantId,
    createdAt,
    expiresAt,
  ]: PackedAuthorizationCode,
): AuthorizationCode {
  return {
    id,
    version,
    clientId,
    accountId,
    redirectUri,
    codeChallenge,
    nonce,
    scopes,
    resources,
    jkt,
    authTime,
    amr,
    context: unpackContext(context),
    status,
    grantId,
    createdAt,
    expiresAt,
  }
}

type PackedGrant = ReturnType<typeof packGrant>

function packGrant(record: Grant) {
  return [
    record.accountId,
    record.clientId,
    record.scopes,
    record.resources,
    record.via,
    record.deviceName,
    packContext(record.context),
    record.authTime,
    record.amr,
    record.nonce,
    record.jkt,
    record.createdAt,
    record.lastUsedAt,
    record.expiresAt,
    record.refresh && packRefresh(record.refresh),
    record.tokensRevokedUntil,
    record.revokedAt,
    record.revokedFor,
  ] as const
}

function unpackGrant(
  id: string,
  version: number,
  [
    accountId,
    clientId,
    scopes,
    resources,
    via,
    deviceName,
    context,
    authTime,
    amr,
    nonce,
    jkt,
    createdAt,
    lastUsedAt,
    expiresAt,
    refresh,
    tokensRevokedUntil,
    revokedAt,
    revokedFor,
  ]: PackedGrant,
): Grant {
  return {
    id,
    version,
    accountId,
    clientId,
    scopes,
    resources,
    via,
    deviceName,
    context: unpackContext(context),
    authTime,
    amr,
    nonce,
    jkt,
    createdAt,
    lastUsedAt,
    expiresAt,
    refresh: refresh && unpackRefresh(refresh),
    tokensRevokedUntil,
    revokedAt,
    revokedFor,
  }
}

type Decision = NonNullable<DeviceAuthorization['decision']>

function packDecision(decision: Decision) {
  return [
    decision.accountId,
    decision.at,
    decision.authTime,
    decision.amr,
    decision.address,
    decision.userAgent,
    decision.reportedAsAttack,
    decision.grantId,
  ] as const
}

function unpackDecision([
  accountId,
  at,
  authTime,
  amr,
  address,
  userAgent,
  reportedAsAttack,
  grantId,
]: ReturnType<typeof packDecision>): Decision {
  return { accountId, at, authTime, amr, address, userAgent, reportedAsAttack, grantId }
}

type Refresh = NonNullable<Grant['refresh']>

function packRefresh(refresh: Refresh) {
  return [refresh.hash, refresh.generation, refresh.idleExpiresAt, refresh.previous] as const
}

function unpackRefresh([hash, generation, idleExpiresAt, previous]: ReturnType<typeof packRefresh>): Refresh {
  return { hash, generation, idleExpiresAt, previous }
}

function packContext({ observed, reported }: RequestContext) {
  const { deviceName, clientVersion, agent } = reported
  return [observed.address, observed.userAgent, deviceName, clientVersion, agent] as const
}

function unpackContext([address, userAgent, deviceName, clientVersion, agent]: ReturnType<
  typeof packContext
>): RequestContext {
  return { observed: { address, userAgent }, reported: { deviceName, clientVersion, agent } }
}
