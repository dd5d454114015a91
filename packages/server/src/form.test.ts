// The OAuth form as bytes from strangers: each rule of standards.md section 3 that concerns reading it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseForm, readForm, required } from './form.ts'
import type { PlainRequest } from './http.ts'

const formType = 'application/x-www-form-urlencoded'

function request(body: string | undefined, more: Partial<PlainRequest> = {}): PlainRequest {
  return {
    method: 'POST',
    path: '/oauth/token',
    query: '',
    headers: { 'content-type': formType },
    body,
    address: '192.0.2.1',
    gone: () => false,
    onGone: () => {},
    ...more,
  }
}

const withType = (type: string | undefined) => readForm(request('a=1', { headers: { 'content-type': type } }))

function detailOf(read: ReturnType<typeof readForm>): string {
  assert.ok(!read.ok)
  assert.equal(read.refusal.reason, 'malformed_request')
  return 'detail' in read.refusal ? read.refusal.detail : ''
}

function formOf(body: string) {
  const read = parseForm(body)
  assert.ok(read.ok, body)
  return read.form
}

test('G-04 the media type is the form, whatever its case and parameters', () => {
  for (const type of [
    formType,
    'Application/X-WWW-Form-Urlencoded',
    `${formType}; charset=utf-8`,
    `${formType};x=y`,
  ])
    assert.equal(withType(type).ok, true, type)
})

test('G-04 any other media type, and none, is a malformed request', () => {
  for (const type of [
    undefined,
    '',
    'application/json',
    `${formType}ed`,
    'multipart/form-data',
    `x${formType}`,
  ])
    assert.equal(detailOf(withType(type)), 'media_type', String(type))
})

test('G-04 a body that is not UTF-8, and escapes that are not, are malformed', () => {
  assert.equal(detailOf(readForm(request(undefined))), 'encoding')
  for (const body of ['a=%ff', 'a=%c3%28', 'a=%', 'a=%2', 'a=%zz', '%ff=1', 'a=%ed%a0%80', 'a=%c0%af'])
    assert.equal(detailOf(parseForm(body)), 'encoding', body)
})

test('G-04 NUL is in no parameter, escaped or not', () => {
  for (const body of ['a=b%00', 'a=b\0', '%00=b']) assert.equal(detailOf(parseForm(body)), 'encoding', body)
})

test('G-04 names and values are decoded as forms are: plus, escapes, UTF-8', () => {
  const form = formOf('a+b=c+d&e=%2B%26%3D&f=%C3%A4%F0%9F%98%80&g=ä&h=a=b')
  assert.equal(form.get('a b'), 'c d')
  assert.equal(form.get('e'), '+&=')
  assert.equal(form.get('f'), 'ä😀')
  assert.equal(form.get('g'), 'ä')
  assert.equal(form.get('h'), 'a=b')
})

test('G-06 an empty value is a missing parameter, also beside one that is not empty', () => {
  const form = formOf('scope=&client_id&&resource=&x=1&scope=openid')
  assert.equal(form.get('client_id'), undefined)
  assert.equal(form.get('scope'), 'openid')
  assert.deepEqual(form.all('resource'), [])
  assert.equal(required(form, 'x'), '1')
  assert.deepEqual(required(form, 'client_id'), {
    reason: 'malformed_request',
    detail: 'missing_parameter',
    parameter: 'client_id',
  })
})

test('G-07 a repeated parameter is malformed, also when its name is written differently', () => {
  for (const body of ['a=1&a=1', 'a=1&%61=2', 'a=1&b=2&a=3', 'unknown=1&unknown=2'])
    assert.equal(detailOf(parseForm(body)), 'repeated_parameter', body)
})

test('G-07 RI-01 only resource may be repeated, and keeps its order', () => {
  assert.deepEqual(formOf('resource=https%3A%2F%2Fb&resource=https%3A%2F%2Fa').all('resource'), [
    'https://b',
    'https://a',
  ])
})

test('G-05 names that mean something to JavaScript mean nothing here', () => {
  const form = formOf('__proto__=1&constructor=2&toString=3')
  assert.equal(form.get('hasOwnProperty'), undefined)
  assert.equal(form.get('__proto__'), '1')
})

test('G-08 credentials in the URL are refused, other parameters there ignored', () => {
  for (const name of [
    'client_secret',
    'device_code',
    'refresh_token',
    'token',
    'code',
    'code_verifier',
    'Password',
  ])
    assert.equal(detailOf(readForm(request('a=1', { query: `x=1&${name}=s` }))), 'credentials_in_query', name)
  assert.equal(readForm(request('a=1', { query: 'utm_source=x&tokens=1' })).ok, true)
})

test('F-01 G-11 a body of thirty thousand parameters is read in one pass', () => {
  const body = Array.from({ length: 9000 }, (_, i) => `p${i}=1`).join('&')
  assert.equal(formOf(body).get('p8999'), '1')
})

test('G-07 TX-03 audience may be repeated at a token exchange, and nowhere else', () => {
  const twice = 'audience=https://a.example&audience=https://b.example'
  const grant = `grant_type=${encodeURIComponent('urn:ietf:params:oauth:grant-type:token-exchange')}`
  for (const body of [twice, `grant_type=client_credentials&${twice}`, `${twice}&grant_type=refresh_token`])
    assert.equal(detailOf(parseForm(body)), 'repeated_parameter', body)
  for (const body of [`${grant}&${twice}`, `${twice}&${grant}`]) {
    const read = parseForm(body)
    assert.ok(read.ok)
    assert.deepEqual(read.form.all('audience'), ['https://a.example', 'https://b.example'])
    assert.deepEqual(read.form.all('resource'), [])
    assert.equal(read.form.get('audience'), 'https://a.example')
  }
})
