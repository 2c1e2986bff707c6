// Who is signed in, in this browser. Tabs tell each other about a sign-in and a sign-out.
import { $, el, show } from './dom.js'
import { call, events, setBearer } from './api.js'
import { showToken } from './token.js'

const tabs = new BroadcastChannel('latchkey-console')
tabs.onmessage = ({ data }) => data === 'signed in' ? load() : set(null, null, null)

export const session = { user: null, contract: null }

// load asks the server who is signed in by the cookie. The token is in the copy of the request: no script can read the cookie.
export async function load() {
  if (session.contract === 'organization') return session
  const me = await call('GET', '/api/users/me', { quiet: true })
  if (!me.ok) return set(null, null, null)
  const cookie = me.exchange.request.headers.find(([name]) => name === 'Cookie')?.[1] ?? ''
  return set(me.body.username, 'planpoint', /(?:^|; )planpoint=([^;]+)/.exec(cookie)?.[1])
}

function set(user, contract, token) {
  const changed = user !== session.user || contract !== session.contract
  Object.assign(session, { user, contract })
  show($('who'), user ? [el('span', {}, 'Signed in as '), user] : 'Signed out')
  $('signout').hidden = !user
  showToken(token)
  if (changed) events.dispatchEvent(new Event('session'))
  return session
}

// signedIn takes the answer of a sign-in, by whichever contract and with whatever factor.
export function signedIn(contract, address, body) {
  const own = contract === 'organization'
  setBearer(own ? body.accessToken : null)
  set(own ? address || body.fullName : body.username, contract, own ? body.accessToken : body.access_token)
  tabs.postMessage('signed in')
}

export async function signOut(everywhere) {
  await call('POST', '/api/users/logout' + (everywhere ? '?all=true' : ''))
  setBearer(null)
  tabs.postMessage('signed out')
  return set(null, null, null)
}

$('signout').onclick = () => signOut(false)
