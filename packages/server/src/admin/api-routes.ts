// The addresses of the administration API (OpenAPI at /api/v1/openapi.json). It is loaded with the first call, so that a server that
// only signs people in never pays for it. What there is to call is api-operations.ts; other sites may call nothing.

import type { Route } from '../routes.ts'
import type { Endpoint } from '../services.ts'

const answerApi: Endpoint = async (services, request) =>
  (await import('./api.ts')).answerApi(services, request)
const answerOpenApi: Endpoint = async (services) => (await import('./api.ts')).answerOpenApi(services)

const row = { name: 'api', cors: 'never', speaks: 'json' } as const

export const apiRoutes: readonly Route[] = [
  { ...row, path: '/api/v1/openapi.json', GET: answerOpenApi },
  {
    ...row,
    path: '/api/v1/',
    GET: answerApi,
    POST: answerApi,
    PUT: answerApi,
    PATCH: answerApi,
    DELETE: answerApi,
  },
]
