package authtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func valuePromises() []promise {
	return []promise{
		{"every field of a user", everyField},
		{"only required fields", leastUser},
		{"nil and empty", nilAndEmpty},
		{"unicode", unicodeValues},
		{"times", timeValues},
		{"large", largeValues},
		{"no character of an id is special", specialIDs},
	}
}

func everyField(t *testing.T, s Store) {
	wantUser(t, s, create(t, s, Filled[auth.User]()))
}

func leastUser(t *testing.T, s Store) {
	wantUser(t, s, create(t, s, auth.User{ID: "u", Identifier: Identifier("a@b"), Status: auth.StatusReady, PasswordEpoch: 1}))
	wantSession(t, s, put(t, s, auth.Session{ID: "s", UserID: "u", ExpiresAt: newSession("u", "s").ExpiresAt}))
	wantClients(t, s, createClient(t, s, auth.Client{KeyHash: auth.HashAPIKey("k"), Kind: auth.ClientStandard}))
}

func nilAndEmpty(t *testing.T, s Store) {
	u := Ada()
	u.Accounts = []auth.Account{}
	u.Profile.StripeCustomer, u.Profile.Subscription = auth.Document{}, nil
	u.Profile.Projects, u.Profile.Invites = []string{}, []auth.Invite{}
	u.Profile.Groups = []string{""} // one empty element is still one element
	wantUser(t, s, create(t, s, u))
}

func unicodeValues(t *testing.T, s Store) {
	for i, text := range []string{
		"Ada Łódź Ünïcode", "עדה לאבלייס", "آدا لوفليس", "艾达·洛夫莱斯", "👩🏽‍💻 🏳️‍🌈", "e\u0301 and \u00e9",
		"İstanbul ıI", "\u202eoverride\u202c", "line\nbreak\ttab \"quote\" \\ back </script> \u2028", "\U0010ffff", "\ufeffbom",
	} {
		u := NewUser(fmt.Sprintf("user-%d", i))
		u.Role, u.Email = text, text
		u.Profile = auth.Profile{Name: text, Projects: []string{text}, StripeCustomer: Document(map[string]any{text: text})}
		u.Accounts = []auth.Account{{ID: text, OrganizationName: text}}
		wantUser(t, s, create(t, s, u))
		session := newSession(u.ID, "s")
		session.Source = text
		wantSession(t, s, put(t, s, session))
	}
	for i, email := range []string{"ünï@bücher.example", "用户@例子.测试", "שם@דוגמה.example", "İ@example.com", "i@example.com"} {
		u := NewUser(fmt.Sprintf("addressed-%d", i))
		u.Email, u.Identifier = email, Identifier(email)
		wantUser(t, s, create(t, s, u)) // İ and i are two users
	}
}

func timeValues(t *testing.T, s Store) {
	zone := time.FixedZone("somewhere", -5*3600)
	for i, at := range []time.Time{
		{}, time.Unix(0, 0), time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC), time.Now(),
		time.Date(2026, 3, 1, 1, 2, 3, 456_789_012, zone), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	} {
		u := NewUser(fmt.Sprintf("user-%d", i))
		u.CreatedAt, u.UpdatedAt = at, at
		u = create(t, s, u)
		u.CreatedAt = at.UTC().Truncate(time.Millisecond)
		u.UpdatedAt = u.CreatedAt
		wantUser(t, s, u)

		session := newSession(u.ID, "s")
		session.CreatedAt, session.RotatedAt, session.LastUsedAt = at, at, at
		put(t, s, session)
		session.CreatedAt, session.RotatedAt, session.LastUsedAt = u.CreatedAt, u.CreatedAt, u.CreatedAt
		wantSession(t, s, session)
	}
}

func largeValues(t *testing.T, s Store) {
	u := NewUser("large")
	u.ID = strings.Repeat("i", 128)
	u.Email = strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("d", 60)+".", 3) + "museum"
	u.Identifier = Identifier(u.Email)
	u.PasswordHash = strings.Repeat("h", 2048)
	for i := range 3000 { // 300 of the 400 KB of a DynamoDB item
		u.Profile.Projects = append(u.Profile.Projects, fmt.Sprintf("%096d", i))
	}
	u = create(t, s, u)
	wantUser(t, s, u)
	u.Profile.Projects[0] = "changed"
	wantUser(t, s, update(t, s, u))
	wantSession(t, s, put(t, s, newSession(u.ID, strings.Repeat("s", 128))))
}

// specialIDs has ids that would share a key if a store joined them carelessly (ASVS 1.2.4).
func specialIDs(t *testing.T, s Store) {
	ids := []string{
		"a", "a#b", "a#SESSION", "a#SESSION#b", "USER#a", "a/b", "a%23b", "a:b", "a|b",
		"a'b", `a"b`, "a--", "%", "_", "*", "LOGIN#ada@example.com", "ada@example.com", "0", "00", "null",
	}
	for i, id := range ids {
		u := NewUser(fmt.Sprintf("user-%d", i))
		u.ID = id
		create(t, s, u)
		for _, sessionID := range ids {
			put(t, s, newSession(id, sessionID))
		}
	}
	wantNobody(t, s, Ada().Identifier)
	for i, id := range ids {
		u := NewUser(fmt.Sprintf("user-%d", i))
		u.ID, u.Version = id, 1
		wantUser(t, s, u)
	}
	if err := s.EndSessions(t.Context(), "a", ""); err != nil {
		t.Fatal(err)
	}
	for _, sessionID := range ids {
		wantNoSession(t, s, "a", sessionID)
		for _, userID := range ids[1:] {
			if _, err := s.Session(t.Context(), userID, sessionID); err != nil {
				t.Errorf("after EndSessions(a): Session(%q, %q): %v", userID, sessionID, err)
			}
		}
	}
}
