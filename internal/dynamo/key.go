package dynamo

import (
	"cmp"
	"unicode/utf8"

	"latchkey/internal/auth"
)

// key is an item's primary key. Text from outside comes last in its attribute, after a constant prefix, so that no two keys
// can be equal whatever characters it has (ASVS 1.2.4).
type key struct{ pk, sk string }

const (
	userPrefix     = "USER#"
	userSort       = "USER"
	sessionPrefix  = "SESSION#"
	sessionEnd     = "SESSION$" // greater than any session's
	devicePrefix   = "DEVICE#"
	factorsSort    = "FACTORS"
	handlePrefix   = "HANDLE#"
	clientsHash    = "CLIENTS"
	attemptsPrefix = "TRIES#"
	fromPrefix     = "FROM#"

	maxHash = 2048 // bytes of pk, DynamoDB's limit
	maxSort = 1024 // bytes of sk

	maxHandle = maxHash - len(handlePrefix)
)

// loginKey is the key of the pointer from an identifier to its user. An Identifier is always short and UTF-8.
func loginKey(id auth.Identifier) key { return key{"LOGIN#" + id.String(), "LOGIN"} }

// handleKey is the key of the pointer from the handle of a user's passkeys to the user.
func handleKey(handle string) key { return key{handlePrefix + handle, "HANDLE"} }

// userKey, sessionKey, deviceKey and clientKey return false for ids that no item can have.
func userKey(id string) (key, bool) {
	return key{userPrefix + id, userSort}, storable(id, maxHash-len(userPrefix))
}

func sessionKey(userID, id string) (key, bool) {
	ok := storable(userID, maxHash-len(userPrefix)) && storable(id, maxSort-len(sessionPrefix))
	return key{userPrefix + userID, sessionPrefix + id}, ok
}

func deviceKey(d auth.DeviceKey) (key, bool) {
	ok := storable(d.UserID, maxHash-len(userPrefix)) && storable(d.ID, maxSort-len(devicePrefix))
	return key{userPrefix + d.UserID, devicePrefix + d.ID}, ok
}

// factorsKey is the place of the state of a user's factors, in the same partition as the user's item.
func factorsKey(userID string) key { return key{userPrefix + userID, factorsSort} }

func clientKey(keyHash string) (key, bool) {
	return key{clientsHash, keyHash}, storable(keyHash, maxSort)
}

// storable refuses invalid UTF-8 because the SDK would replace it, and two ids could become one key.
func storable(id string, limit int) bool {
	return id != "" && len(id) <= limit && utf8.ValidString(id)
}

// pairKey is the key of a user's attempts from a source, windowKey that of the user's or the source's window. They are not
// in the user's own partition, which guesses must not make hot. Both parts are keyed hashes.
func pairKey(k auth.AttemptKeys) key { return key{attemptsPrefix + k.User, fromPrefix + k.Source} }

func windowKey(k auth.AttemptKeys) key {
	if k.User != "" {
		return key{attemptsPrefix + k.User, "ALL"}
	}
	return key{"SOURCE#" + k.Source, "ALL"}
}

// publicKeysKey is the key of the JWKS.
func publicKeysKey() key { return key{"KEYS", "JWKS"} }

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.pk, other.pk), cmp.Compare(k.sk, other.sk))
}

func (k key) item() item {
	return item{"pk": text(k.pk), "sk": text(k.sk)}
}
