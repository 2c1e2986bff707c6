package app_test

import (
	"encoding/json"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
	"latchkey/internal/passkey"
)

// TestPasskeyCapacity promises what a passkey costs on DynamoDB: no hash, at most 4 reads and 3 writes for a sign-in with nothing else, the
// same reads for an unknown one, nothing for the challenge before, and as much as a code after a password.
func TestPasskeyCapacity(t *testing.T) {
	spent := &ledger{}
	config, ports, _ := capacityPorts(t, spent, map[string]string{"LATCHKEY_PASSKEY_RP": "example.com", "LATCHKEY_ALLOWED_ORIGINS": passkeyPage})
	ports.Passkeys = passkey.New()
	key, factors := newPasskey(t, config)
	spent.expect("")
	check(t, ports.Store.SetFactors(t.Context(), "grace", 1, factors, nil))
	f := factorCapacity{spent: spent, login: app.LoginHandler(config, ports), account: app.AccountHandler(config, ports)}

	ask := func() (asked askedPasskey) {
		check(t, json.Unmarshal(f.send(t, f.account, planpointLogin+"/passkey/options", "{}", 200, ": 0 RRU, 0 WRU"), &asked))
		return asked
	}
	const (
		alone   = "BatchGetItem, GetItem, PutItem, UpdateItem, PutItem: 3 RRU, 3 WRU"
		refused = "BatchGetItem, GetItem, UpdateItem: 3 RRU, 1 WRU"
	)
	asked := ask()
	f.send(t, f.account, planpointLogin+"/passkey", asked.answered(key.Sign(t, asked.PublicKey)), 200, alone)
	f.send(t, f.account, planpointLogin+"/passkey", asked.answered(key.Sign(t, asked.PublicKey)), 401, "BatchGetItem, GetItem, PutItem, UpdateItem: 3 RRU, 2 WRU")
	asked = ask()
	f.send(t, f.account, organizationLogin+"/passkey", asked.answered(key.Sign(t, asked.PublicKey)), 200, alone)
	asked = ask()
	known, unknown := *key, authtest.NewAuthenticator(t, -7, passkeyPage)
	known.Key, unknown.Handle = unknown.Key, []byte("handle of nobody")
	f.send(t, f.account, planpointLogin+"/passkey", asked.answered(known.Sign(t, asked.PublicKey)), 401, refused)
	f.send(t, f.account, planpointLogin+"/passkey", asked.answered(unknown.Sign(t, asked.PublicKey)), 401, refused)

	answer := f.send(t, f.login, planpointLogin, `{"username":"grace@example.com","password":"`+authtest.Password+`"}`, 401,
		"BatchGetItem, GetItem + UpdateItem, hash, GetItem: 6 RRU, 1 WRU")
	var challenged struct {
		Challenge struct {
			ID        string
			PublicKey authtest.PublicKeyOptions
		}
	}
	check(t, json.Unmarshal(answer, &challenged))
	after := askedPasskey{Challenge: challenged.Challenge.ID, PublicKey: challenged.Challenge.PublicKey}
	f.send(t, f.account, planpointLogin+"/factor", after.answered(key.Sign(t, after.PublicKey)), 200,
		"GetItem, GetItem, PutItem, UpdateItem, PutItem + PutItem: 2 RRU, 4 WRU")
}
