package password_test

import (
	"strings"
	"testing"

	"latchkey/internal/password"
)

const (
	springScrypt = "$40801$" + salt + "==$" + scrypt32 + "="
	keycloakCost = `{\"hashIterations\":10,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}`
)

func keycloak(cost, value string) string {
	return `{"id":"1","type":"password","createdDate":1,"secretData":"{\"value\":\"` + value + `\",\"salt\":\"` + salt +
		`==\",\"additionalParameters\":{}}","credentialData":"` + cost + `"}`
}

// unwrapped lists texts with what Import stores for them.
func unwrapped() []struct{ text, want string } {
	argon2 := `{\"hashIterations\":1,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],` +
		`\"memory\":[\"64\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}`
	return []struct{ text, want string }{
		{good, good}, {phpass, phpass}, {betterAuth, betterAuth}, {aspnet2, aspnet2},
		{"{bcrypt}" + bcryptOfPassword, bcryptOfPassword},
		{"{BLF-CRYPT}" + bcryptOfPassword, bcryptOfPassword},
		{"{CRYPT}" + sha512Crypt, sha512Crypt},
		{"{crypt}" + bcryptOfPassword, bcryptOfPassword},
		{"{SHA512-CRYPT}" + sha512Crypt, sha512Crypt},
		{"{SHA256-CRYPT}" + sha256Crypt, sha256Crypt},
		{"{ARGON2ID}" + good, good},
		{"{argon2}" + good, good},
		{"{argon2@SpringSecurity_v5_8}" + good, good},
		{"{scrypt}" + springScrypt, scryptPHC},
		{"{scrypt@SpringSecurity_v5_8}" + springScrypt, scryptPHC},
		{springScrypt, scryptPHC},
		{"$s0" + springScrypt, scryptPHC},
		{"{PBKDF2-SHA256}" + pbkdf2Passlib[len("$pbkdf2-sha256$"):], pbkdf2Passlib},
		{"{PBKDF2}" + pbkdf2SHA1[len("$pbkdf2$"):], pbkdf2SHA1},
		{keycloak(keycloakCost, sha2B64+"="), pbkdf2PHC},
		{keycloak(argon2, digest+"="), good},
		{keycloak(`{\"algorithm\":\"bcrypt\"}`, bcryptOfPassword), bcryptOfPassword},
		{`{"type":"password","hashedSaltedValue":"` + sha1B64 + `=","salt":"` + salt + `==","hashIterations":10,"algorithm":"pbkdf2"}`,
			swap(pbkdf2SHA1, "$10$", "$i=10,l=20$")},
	}
}

// wrappedHostile lists texts that Import refuses, with words of the reason.
func wrappedHostile() []struct{ name, text, reason string } {
	const hunter2 = "hunter2hunter2hunter2"
	return []struct{ name, text, reason string }{
		{"no closing brace", "{bcrypt" + hunter2, "no closing one"},
		{"unknown word", "{" + hunter2 + "}x", "word in braces is not one"},
		{"no word", "{}" + hunter2, "word in braces is not one"},
		{"noop", "{noop}" + hunter2, "{noop}: a password in clear"},
		{"MD5", "{MD5}" + hunter2, "{md5}: fast to guess"},
		{"MD4", "{MD4}" + hunter2, "{md4}: fast to guess"},
		{"SHA-256 of Spring", "{sha256}" + hunter2, "{sha256}: fast to guess"},
		{"SHA-1 of Spring", "{SHA-1}" + hunter2, "{sha-1}: fast to guess"},
		{"LDAP within Spring", "{ldap}{SSHA}" + hunter2, "{ldap}: fast to guess"},
		{"salted SHA-1 of LDAP", "{SSHA}" + hunter2, "{ssha}: fast to guess"},
		{"another scheme inside", "{bcrypt}" + good, "not of the scheme"},
		{"braces twice", "{bcrypt}{bcrypt}" + bcryptOfPassword, "not of the scheme"},
		{"nothing inside", "{bcrypt}", "not of the scheme"},
		{"MD5-crypt inside", "{CRYPT}$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "MD5-crypt: "},
		{"argon2d inside", "{argon2}" + swap(good, "2id", "2d"), "argon2d: "},
		{"cost over the cap inside", "{bcrypt}" + swap(bcryptOfPassword, "$04", "$31"), "cost is 31"},
		{"Spring's scrypt: fields", "{scrypt}" + springScrypt + "$", "not of the form"},
		{"Spring's scrypt: parameters", "{scrypt}" + swap(springScrypt, "40801", "4080g"), "not a hexadecimal number"},
		{"Spring's scrypt: sign", "{scrypt}" + swap(springScrypt, "40801", "+40801"), "not a hexadecimal number"},
		{"Spring's scrypt: N over the cap", swap(springScrypt, "40801", "130801"), "ln is 19"},
		{"Spring's scrypt: r is 0", "{scrypt}" + swap(springScrypt, "40801", "40001"), "r is 0"},
		{"Spring's scrypt: unpadded", "{scrypt}" + strings.TrimRight(springScrypt, "="), "digest is not base64"},
		{"Spring's PBKDF2: base64", "{pbkdf2}" + salt, "hexadecimal digits"},
		{"Spring's PBKDF2: cut", "{pbkdf2@SpringSecurity_v5_8}" + sha2Hex, "has 32 bytes, and 48"},
		{"Spring's PBKDF2: other size", "{pbkdf2}" + sha2Hex + sha2Hex[:32], "has 48 bytes, and 40"},
		{"Atlassian: cut", "{PKCS5S2}" + salt + "==", "48 bytes"},
		{"another JSON", `{"password":"` + hunter2 + `"}`, "algorithm is none"},
		{"JSON cut off", `{"secretData":"` + hunter2, "not a credential"},
		{"JSON with a member twice", `{"salt":"` + hunter2 + `","salt":""}`, "not a credential"},
		{"Keycloak: OTP", swap(keycloak(keycloakCost, sha2B64+"="), `"password"`, `"otp"`), "is not password"},
		{"Keycloak: broken half", keycloak(`{`, sha2B64+"="), "not both texts"},
		{"Keycloak: another algorithm", keycloak(swap(keycloakCost, "pbkdf2-sha256", "scrypt"), sha2B64+"="), "algorithm is none"},
		{"Keycloak: value unpadded", keycloak(keycloakCost, sha2B64), "value is not base64"},
		{"Keycloak: rounds over the cap", keycloak(swap(keycloakCost, "10", "5000001"), sha2B64+"="), "it takes 5000001 rounds"},
		{"Keycloak: negative rounds", keycloak(swap(keycloakCost, "10", "-10"), sha2B64+"="), "not both texts"},
		{"Keycloak: argon2 without parameters", keycloak(swap(keycloakCost, "pbkdf2-sha256", "argon2"), sha2B64+"="), "format is not one"},
	}
}

// TestImport promises that a wrapped hash is stored as the hash inside, and that every other one is stored unchanged.
func TestImport(t *testing.T) {
	for _, test := range unwrapped() {
		if stored, err := password.Import(test.text); stored != test.want || err != nil {
			t.Errorf("Import(%q) = %q, %v; want %q", test.text, stored, err, test.want)
		}
	}
}

// TestImportOfDjango promises that no number of rounds makes a hash of Django look like one of another system.
func TestImportOfDjango(t *testing.T) {
	for _, rounds := range []string{"10", "9999", "10000", "12000", "20000", "36000", "100000", "150000", "260000", "600000", "870000", "1000000"} {
		hash := swap(djangoPBKDF2, "$10$", "$"+rounds+"$")
		if stored, err := password.Import(hash); stored != hash || err != nil {
			t.Errorf("%s rounds: %q, %v", rounds, stored, err)
		}
	}
}

// TestImportSaysWhatIsWrong promises a reason that quotes nothing of the text.
func TestImportSaysWhatIsWrong(t *testing.T) {
	for _, test := range wrappedHostile() {
		stored, err := password.Import(test.text)
		if err == nil || !strings.Contains(err.Error(), test.reason) || stored != "" {
			t.Errorf("%s: %q, %v; want the reason %q", test.name, stored, err, test.reason)
			continue
		}
		for _, part := range []string{"hunter2", salt[:8], sha2Hex[:8], sha2B64[:8], b31[:8]} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%s: the reason quotes the hash: %v", test.name, err)
			}
		}
	}
	for _, test := range append(foreignHostile(), hostile...) {
		if stored, err := password.Import(test.stored); err == nil {
			t.Errorf("%s: Import returns %q", test.name, stored)
		}
	}
}
