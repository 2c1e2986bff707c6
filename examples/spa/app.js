import { Session } from './session.js'

const $ = (id) => document.getElementById(id)
const session = new Session(document.querySelector('meta[name=latchkey]').content, () => show())

async function show() {
  const user = await session.me()
  $('form').hidden = Boolean(user)
  $('user').hidden = !user
  $('status').textContent = user ? 'Signed in as ' + user.username : 'Signed out'
}

// count shows the wait and keeps the button off until it is over.
async function count(message, seconds) {
  $('submit').disabled = true
  for (; seconds > 0; seconds--) {
    $('problem').textContent = `${message} (${seconds} s)`
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  $('problem').textContent = ''
  $('submit').disabled = false
}

$('form').onsubmit = async (event) => {
  event.preventDefault()
  const answer = await session.signIn($('username').value, $('password').value)
  $('password').value = ''
  $('problem').textContent = answer.ok ? '' : answer.message
  if (answer.wait) await count(answer.message, answer.wait)
  if (answer.ok) await show()
}
$('refresh').onclick = async () => { $('refreshed').textContent = (await session.refresh()) ? 'Refreshed' : 'Session ended' }
$('signout').onclick = async () => { await session.signOut(); await show() }
show()
