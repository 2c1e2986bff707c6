// API clients: list, add, new key, disable. A key is shown once.
import { $, ago, copy, el, show, table } from './dom.js'
import { operate } from './api.js'

export async function open(_, key, problem) {
  const { clients } = await operate('clients')
  const act = async (body) => {
    try { const { key } = await operate('clients/change', body); open(_, key) } catch (error) { open(_, null, error.message) }
  }
  const name = el('input', { id: 'client-name', required: true, autocomplete: 'off' })
  const kind = el('select', { id: 'client-kind' }, el('option', {}, 'standard'), el('option', {}, 'integration'))
  show($('clients-card'), el('div', { class: 'card' },
    key && el('div', { class: 'notice', role: 'status' }, el('p', {}, 'The new key, shown this one time:'), el('p', {}, el('code', { id: 'client-key' }, key)), el('button', { onclick: () => copy(key) }, 'Copy')),
    problem && el('p', { class: 'problem', role: 'alert' }, problem),
    clients.length
      ? table('List of API clients', ['Name', 'Kind', 'State', 'Added', 'Id', ''], clients.map((client) => [
        client.name, client.kind, el('span', { class: 'pill ' + (client.state === 'active' ? 'good' : '') }, client.state), ago(client.createdAt), el('code', {}, client.id),
        el('td', { class: 'act' }, client.state === 'active' && [
          el('button', { class: 'quiet', 'aria-label': `New key for ${client.name}`, onclick: () => act({ change: 'rotate', id: client.id }) }, 'New key'),
          el('button', { class: 'quiet bad', 'aria-label': `Disable ${client.name}`, onclick: () => act({ change: 'disable', id: client.id }) }, 'Disable')])]))
      : el('p', { class: 'empty' }, 'There are no API clients.')),
  el('div', { class: 'card narrow' }, el('h2', {}, 'Add a client'), el('form', { onsubmit: (event) => { event.preventDefault(); act({ change: 'add', name: name.value, kind: kind.value }) } },
    el('label', { for: 'client-name' }, 'Name'), name, el('label', { for: 'client-kind' }, 'Kind'), kind,
    el('div', { class: 'row' }, el('button', { class: 'main', id: 'client-add' }, 'Add')))))
}
