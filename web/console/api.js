// Calls. The page calls the login directly, as any other page would, and then asks the server for a copy of the request as it
// arrived and of the answer as it left, because a browser hides Cookie and Set-Cookie from scripts.
export const events = new EventTarget()

let bearer = null // the access token of a contract without cookies; only in memory
export const setBearer = (token) => { bearer = token }

// members are the names that the contracts have for the address.
export const members = { planpoint: 'username', organization: 'email' }

// Refusals of the organization contract have the status 200.
export const succeeded = (answer) => answer.ok && answer.body.isSuccess !== false
export const message = (answer) => answer.body.message ?? answer.body.errorMessage ?? 'The server failed'

// call sends a request to the login. Options: body (an object), headers, as ('anyone' sends no bearer token), quiet.
export async function call(method, path, { body, headers = {}, as, quiet } = {}) {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const sent = { 'Latchkey-Console-Call': id, ...headers }
  if (bearer && as !== 'anyone' && !sent.Authorization) sent.Authorization = 'Bearer ' + bearer
  if (body !== undefined) sent['Content-Type'] = 'application/json'
  const answer = await reach(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), redirect: 'error' })
  const text = await answer.text()
  const exchange = await (await send('/console/answer', { id })).json()
  const result = { method, path, status: answer.status, ok: answer.ok, headers: answer.headers, text, body: parse(text), exchange }
  result.wait = Number(answer.headers.get('Retry-After')) || 0
  events.dispatchEvent(new CustomEvent('call', { detail: { ...result, quiet } }))
  return result
}

// reach is fetch with an error in words. The page shows it where nothing else does.
async function reach(path, init) {
  try { return await fetch(path, init) } catch { throw new Error('The server cannot be reached. Is latchkey serve running?') }
}

function parse(text) {
  try { return JSON.parse(text) } catch { return {} }
}

const send = (path, body, headers) => reach(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) })

// The operators' token came in the fragment of the printed link. It stays in this tab.
export const operatorToken = {
  get: () => sessionStorage.getItem('operator'),
  set: (token) => token ? sessionStorage.setItem('operator', token) : sessionStorage.removeItem('operator'),
}

// operate makes a call for operators; a refusal is an Error with the server's reason.
export async function operate(name, body = {}) {
  const answer = await send('/console/operator/' + name, body, { 'Latchkey-Console-Token': operatorToken.get() ?? '' })
  const result = parse(await answer.text())
  if (answer.ok) return result
  const reason = result.reason || result.message || 'The server failed'
  const error = new Error(reason[0].toUpperCase() + reason.slice(1))
  error.status = answer.status
  throw error
}

// follow reads the audit records as they are written, and connects again after a failure, until the signal aborts.
export async function follow(onrecord, onstate, signal) {
  for (let last = ''; !signal.aborted;) {
    try {
      const answer = await fetch('/console/operator/audit', {
        method: 'POST', signal,
        headers: { 'Latchkey-Console-Token': operatorToken.get() ?? '', 'Last-Event-ID': last },
      })
      if (!answer.ok) throw Object.assign(new Error('refused'), { status: answer.status })
      onstate('live')
      let rest = ''
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop()
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
          if (fields.id) last = fields.id
          if (fields.data) onrecord(JSON.parse(fields.data))
        }
      }
    } catch (error) {
      if (signal.aborted) return
      if (error.status === 403) return onstate('refused')
    }
    onstate('lost')
    await new Promise((resolve) => setTimeout(resolve, 1500))
  }
}
