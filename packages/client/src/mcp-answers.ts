// What a tool of an MCP server on stdio answers while somebody has to sign in, and how its client is asked to open a link: by
// a request (revision 2025-11-25) or by a result that asks for input (2026-07-28). By shape; no SDK is imported.
// Not here: when (mcp-login.ts).
import type { PendingFlow } from './pending.ts'

/** A `CallToolResult`, or the `InputRequiredResult` of generation 2. */
export type ToolAnswer = {
  content: { type: 'text'; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
  [more: string]: unknown
}

/** What is used of `McpServer`, of either generation. */
export type McpServerLike = {
  server: {
    getClientCapabilities: () => { elicitation?: { url?: unknown } | undefined } | undefined
    elicitInput: (parameters: {
      mode: 'url'
      message: string
      url: string
      elicitationId: string
    }) => Promise<{ action: string }>
  }
}

/** An error to the model, because the tool has not done what it was called for; so no output schema applies to it either. */
export function pendingAnswer(flow: PendingFlow): ToolAnswer {
  const { code, returnCode } = flow
  const link = code.verificationUriComplete ?? code.verificationUri
  const ask =
    returnCode === undefined
      ? `Nobody is signed in yet. Ask the person to open ${link} , check that it shows the code ${code.userCode} and names ${flow.deviceName ?? 'this computer'}, and allow. Then call this tool again.`
      : `${returnCode.wrong ? 'The characters were wrong. ' : ''}The browser of the person is on another network and shows ${returnCode.length} characters. If they started this themselves, ask for the characters and give them to the sign-in tool.`
  return {
    isError: true,
    content: [{ type: 'text', text: ask }],
    structuredContent: {
      status: 'sign_in_pending',
      flow: flow.flow,
      user_code: code.userCode,
      verification_uri: code.verificationUri,
      verification_uri_complete: code.verificationUriComplete,
      expires_at: new Date((flow.startedAt + code.expiresIn) * 1000).toISOString(),
      ...(returnCode === undefined
        ? {}
        : { return_code_needed: { length: returnCode.length, tries_left: returnCode.triesLeft } }),
    },
  }
}

export function notSignedIn(why: string): ToolAnswer {
  return {
    isError: true,
    content: [{ type: 'text', text: `Not signed in: ${why}` }],
    structuredContent: { status: 'not_signed_in', reason: why },
  }
}

/** MCP 2026-07-28: the client opens the link and calls again. */
export function elicitation(flow: PendingFlow): ToolAnswer {
  return {
    resultType: 'input_required',
    inputRequests: {
      [INPUT]: {
        method: 'elicitation/create',
        params: { mode: 'url', message: messageOf(flow), url: linkOf(flow) },
      },
    },
    content: [],
  }
}

/** MCP 2025-11-25: the client is asked while the call waits. */
export async function openLink(server: McpServerLike | undefined, flow: PendingFlow): Promise<string> {
  const parameters = { message: messageOf(flow), url: linkOf(flow), elicitationId: flow.flow }
  const answer = await server?.server.elicitInput({ mode: 'url', ...parameters })
  return answer?.action ?? 'cancel'
}

/** What the person said to the link, when this is the call after it. */
export function responseTo(context: unknown): string | undefined {
  const response = member(member(member(context, 'mcpReq'), 'inputResponses'), INPUT)
  const action = member(response, 'action')
  return typeof action === 'string' ? action : undefined
}

export function isGeneration2(context: unknown): boolean {
  return member(context, 'mcpReq') !== undefined
}

/** By what this request says of its client, else by what the connection began with. */
export function canOpenLinks(server: McpServerLike | undefined, context: unknown): boolean {
  const envelope = member(member(context, 'mcpReq'), 'envelope')
  const announced = member(envelope, 'io.modelcontextprotocol/clientCapabilities')
  const capabilities = announced ?? server?.server.getClientCapabilities()
  return member(member(capabilities, 'elicitation'), 'url') !== undefined
}

function messageOf({ code, deviceName }: PendingFlow): string {
  return `Sign in, to let ${deviceName ?? 'this computer'} act for you. The page shows the code ${code.userCode}.`
}

function linkOf({ code }: PendingFlow): string {
  return code.verificationUriComplete ?? code.verificationUri
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

const INPUT = 'sign_in'
