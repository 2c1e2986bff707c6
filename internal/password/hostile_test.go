package password_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/password"
)

// Parts of real hashes of "password": a lenient reader would find a match.
const (
	salt   = "c2FsdHNhbHRzYWx0c2FsdA"                      // 16 bytes
	digest = "Wb9DOLKUgwlL5fjad9tfCPU0SBAo0PEY/evJRhwtUR0" // 32 bytes, for m=64,t=1,p=1
	good   = "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + digest
)

func phc(cost string) string { return "$argon2id$v=19$" + cost + "$" + salt + "$" + digest }

// hostile lists stored texts that must be refused, each with words of the reason.
var hostile = []struct{ name, stored, reason string }{
	{"empty", "", "is empty"},
	{"space", " ", "format is not one"},
	{"NUL", "\x00", "format is not one"},
	{"dollar", "$", "format is not one"},
	{"dollars", "$$$$$$", "format is not one"},
	{"plain text", "password", "format is not one"},
	{"Django's unusable", "!", "mark for users without"},
	{"shadow's locked", "!" + bcryptOfPassword, "mark for users without"},
	{"star", "*", "mark for users without"},
	{"null", "null", "format is not one"},
	{"invalid UTF-8", "\xff\xfe", "format is not one"},
	{"space before", " " + good, "format is not one"},
	{"byte order mark before", "\ufeff" + good, "format is not one"},
	{"upper case", strings.ToUpper(good), "format is not one"},
	{"without the first dollar", good[1:], "format is not one"},
	{"argon2d", strings.Replace(good, "2id", "2d", 1), "argon2d: "},
	{"argon2id with a tail", strings.Replace(good, "2id", "2idx", 1), "format is not one"},
	{"SHA-1 of LDAP", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "format is not one"},
	{"MD5 in hex", "5f4dcc3b5aa765d61d8327deb882cf99", "bare digest in hexadecimal"},
	{"MD5 crypt", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "MD5-crypt: "},
	{"bcrypt 2", "$2$" + bcryptOfPassword[4:], "bcrypt 2: "},
	{"bcrypt 2x", "$2x$" + bcryptOfPassword[4:], "bcrypt 2x: "},
	{"bcrypt 2c", "$2c$" + bcryptOfPassword[4:], "format is not one"},
	{"bcrypt 3a", "$3a$" + bcryptOfPassword[4:], "format is not one"},
	{"very long", good + strings.Repeat("A", 5<<20), "over 2048"},
	{"many dollars", "$argon2id$" + strings.Repeat("$", 3000), "over 2048"},

	{"argon2id: alone", "$argon2id$", "2 fields"},
	{"argon2id: no digest", good[:len(good)-len(digest)-1], "4 fields"},
	{"argon2id: no version", "$argon2id$m=64,t=1,p=1$" + salt + "$" + digest, "4 fields"},
	{"argon2id: a field more", good + "$", "6 fields"},
	{"argon2id: two hashes", good + good, "10 fields"},
	{"argon2id: v=16", strings.Replace(good, "v=19", "v=16", 1), "version"},
	{"argon2id: v=019", strings.Replace(good, "v=19", "v=019", 1), "version"},
	{"argon2id: v empty", strings.Replace(good, "v=19", "", 1), "version"},
	{"argon2id: v in hex", strings.Replace(good, "v=19", "v=0x13", 1), "version"},

	{"cost: empty", phc(""), "exactly the parameters"},
	{"cost: p missing", phc("m=64,t=1"), "exactly the parameters"},
	{"cost: one more", phc("m=64,t=1,p=1,keyid=a"), "exactly the parameters"},
	{"cost: m twice", phc("m=64,m=64,t=1,p=1"), "exactly the parameters"},
	{"cost: m twice, p missing", phc("m=64,m=64,t=1"), "each once"},
	{"cost: other name", phc("m=64,t=1,l=1"), "each once"},
	{"cost: capital", phc("M=64,t=1,p=1"), "each once"},
	{"cost: space", phc("m=64, t=1,p=1"), "each once"},
	{"cost: no value", phc("m=,t=1,p=1"), "m is not a plain"},
	{"cost: leading zero", phc("m=064,t=1,p=1"), "m is not a plain"},
	{"cost: plus", phc("m=+64,t=1,p=1"), "m is not a plain"},
	{"cost: minus", phc("m=64,t=-1,p=1"), "t is not a plain"},
	{"cost: space after", phc("m=64,t=1 ,p=1"), "t is not a plain"},
	{"cost: exponent", phc("m=64,t=1e0,p=1"), "t is not a plain"},
	{"cost: hex", phc("m=0x40,t=1,p=1"), "m is not a plain"},
	{"cost: underscore", phc("m=6_4,t=1,p=1"), "m is not a plain"},
	{"cost: other digits", phc("m=６４,t=1,p=1"), "m is not a plain"},
	{"cost: NUL", phc("m=64,t=1,p=1\x00"), "p is not a plain"},
	{"cost: m wraps 32 bits", phc("m=4294967360,t=1,p=1"), "m is far too large"},
	{"cost: m wraps 64 bits", phc("m=18446744073709551680,t=1,p=1"), "m is far too large"},
	{"cost: t wraps 32 bits", phc("m=64,t=4294967297,p=1"), "t is far too large"},
	{"cost: p wraps 8 bits", phc("m=64,t=1,p=257"), "p is 257"},
	{"cost: m is 0", phc("m=0,t=1,p=1"), "m is 0"},
	{"cost: m under 8", phc("m=7,t=1,p=1"), "m is 7"},
	{"cost: m under 8 a lane", phc("m=31,t=1,p=4"), "m is 31"},
	{"cost: m over the cap", phc("m=262145,t=1,p=1"), "m is 262145"},
	{"cost: m of 4 TiB", phc("m=4294967295,t=1,p=1"), "m is 4294967295"},
	{"cost: t is 0", phc("m=64,t=0,p=1"), "t is 0"},
	{"cost: t over the cap", phc("m=64,t=17,p=1"), "t is 17"},
	{"cost: t of days", phc("m=64,t=4294967295,p=1"), "t is 4294967295"},
	{"cost: p is 0", phc("m=64,t=1,p=0"), "p is 0"},
	{"cost: p over the cap", phc("m=1024,t=1,p=17"), "p is 17"},

	{"salt: empty", "$argon2id$v=19$m=64,t=1,p=1$$" + digest, "salt has 0 bytes"},
	{"salt: 7 bytes", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbA$" + digest, "salt has 7 bytes"},
	{"salt: 1025 bytes", "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("AAAA", 341) + "AAA$" + digest, "salt has 1025 bytes"},
	{"salt: unused bits set", strings.Replace(good, salt, salt[:21]+"B", 1), "salt is not base64"},
	{"salt: padded", strings.Replace(good, salt, salt+"==", 1), "salt is padded"},
	{"salt: other alphabet", strings.Replace(good, salt, "c2Fsd-Nhb_RzYWx0c2FsdA", 1), "salt is not base64"},
	{"salt: line end inside", strings.Replace(good, salt, salt[:8]+"\r\n"+salt[8:], 1), "salt is not base64"},
	{"digest: empty", good[:len(good)-len(digest)], "digest has 0 bytes"},
	{"digest: 1 byte", good[:len(good)-len(digest)] + "AA", "digest has 1 bytes"},
	{"digest: 15 bytes", good[:len(good)-len(digest)+20], "digest has 15 bytes"},
	{"digest: 129 bytes", good[:len(good)-len(digest)] + strings.Repeat("AAAA", 43), "digest has 129 bytes"},
	{"digest: impossible length", good + "AA", "digest is not base64"},
	{"digest: line feed after", good + "\n", "digest is not base64"},
	{"digest: carriage return after", good + "\r", "digest is not base64"},
	{"digest: space after", good + " ", "digest is not base64"},
	{"digest: NUL after", good + "\x00", "digest is not base64"},

	{"bcrypt: alone", "$2b$", "4 bytes long"},
	{"bcrypt: a byte short", bcryptOfPassword[:59], "59 bytes long"},
	{"bcrypt: a byte long", bcryptOfPassword + "a", "61 bytes long"},
	{"bcrypt: line feed after", bcryptOfPassword + "\n", "61 bytes long"},
	{"bcrypt: one digit", "$2b$4$" + b22 + b31 + ".", "two digits"},
	{"bcrypt: sign", "$2b$+4$" + b22 + b31, "two digits"},
	{"bcrypt: space", "$2b$ 4$" + b22 + b31, "two digits"},
	{"bcrypt: hex", "$2b$0a$" + b22 + b31, "two digits"},
	{"bcrypt: other separator", "$2b$04." + b22 + b31, "two digits"},
	{"bcrypt: cost 0", "$2b$00$" + b22 + b31, "cost is 0"},
	{"bcrypt: cost 3", "$2b$03$" + b22 + b31, "cost is 3"},
	{"bcrypt: cost 15", "$2b$15$" + b22 + b31, "cost is 15"},
	{"bcrypt: cost 31", "$2b$31$" + b22 + b31, "cost is 31"},
	{"bcrypt: cost 99", "$2b$99$" + b22 + b31, "cost is 99"},
	{"bcrypt: salt's alphabet", "$2b$04$+" + b22[1:] + b31, "salt is not base64"},
	{"bcrypt: salt's unused bits", "$2b$04$" + b22[:21] + "A" + b31, "salt is not base64"},
	{"bcrypt: line end in the salt", "$2b$04$\n" + b22[1:] + b31, "salt is not base64"},
	{"bcrypt: NUL in the salt", "$2b$04$\x00" + b22[1:] + b31, "salt is not base64"},
	{"bcrypt: digest's alphabet", "$2b$04$" + b22 + "=" + b31[1:], "digest is not base64"},
	{"bcrypt: digest's unused bits", "$2b$04$" + b22 + b31[:30] + "/", "digest is not base64"},
	{"bcrypt: digest's line end", "$2b$04$" + b22 + b31[:30] + "\n", "digest is not base64"},
}

// TestHostileHashes promises that each is refused with its reason, without quoting the hash and without work.
func TestHostileHashes(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, whole := range []string{good, bcryptOfPassword} {
		if !matches(t, hasher, whole, "password") {
			t.Fatalf("%q, of which the hostile ones are made, does not match", whole)
		}
	}
	for _, test := range append(foreignHostile(), hostile...) {
		t.Run(test.name, func(t *testing.T) {
			err := password.Check(test.stored)
			if err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("Check: %v, want it to say %q", err, test.reason)
			}
			for _, part := range []string{salt, b31, salt16, scrypt32, sha1B64, sha2B64, sha2Hex, signerKey} {
				if err != nil && strings.Contains(err.Error(), part[:8]) {
					t.Errorf("Check quotes the hash: %v", err)
				}
			}
			start := time.Now()
			work := measure(func() {
				for _, plain := range []string{"password", "", test.stored} {
					if matches(t, hasher, test.stored, plain) {
						t.Errorf("%.20q matches", plain)
					}
				}
			})
			if work.bytes > 128<<10 || time.Since(start) > time.Second {
				t.Errorf("refusing took %d bytes and %v", work.bytes, time.Since(start))
			}
		})
	}
}

// TestEveryPartOfAHashCounts promises that no part of a well-formed hash is ignored.
func TestEveryPartOfAHashCounts(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, stored := range []string{newHash(t, "argon2id:m=8,t=1,p=1", "password"), bcryptOfPassword} {
		for i := range stored {
			for _, other := range []string{"A", "5", "$", "\x00"} {
				changed := stored[:i] + other + stored[i+1:]
				if changed != stored && matches(t, hasher, changed, "password") {
					t.Errorf("%q matches as %q does", changed, stored)
				}
			}
		}
	}
	for _, stored := range []string{
		good[:len(good)-len(digest)+22-1] + "A",                              // the digest's first 16 bytes
		good[:len(good)-len(digest)] + strings.Repeat("A", 22),               // a digest of zeros
		strings.Replace(good, salt, strings.Repeat("A", 22), 1),              // another salt
		strings.Replace(good, salt, salt[:20], 1),                            // a shorter salt
		"$2b$04$" + strings.Repeat(".", 53),                                  // zeros
		"$argon2id$v=19$m=67,t=1,p=1$" + salt + "$" + digest,                 // as many blocks, another hash
		"$argon2id$v=19$m=64,t=2,p=1$" + salt + "$" + digest,                 // another number of passes
		"$argon2id$v=19$m=64,t=1,p=2$" + salt + "$" + digest,                 // another number of lanes
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + salt[:2] + "$" + digest[:43], // a longer salt
	} {
		if err := password.Check(stored); err != nil {
			t.Errorf("Check(%q): %v, want it to be well formed", stored, err)
		}
		if matches(t, hasher, stored, "password") {
			t.Errorf("%q matches", stored)
		}
	}
}
