package authtest

import "latchkey/internal/auth"

// NewUser returns a ready user with the given name and id and the address name@example.com, complete except for a
// password hash; tests that sign in set one.
func NewUser(name string) auth.User {
	email := name + "@example.com"
	return auth.User{
		ID: name, Email: email, Identifier: Identifier(email), Status: auth.StatusReady,
		Profile: auth.Profile{Name: name}, PasswordEpoch: 1, CreatedAt: Start(), UpdatedAt: Start(),
	}
}

// Ada returns a ready user with a role and no account: the planpoint contract lets her in, the organization one does not.
func Ada() auth.User {
	u := NewUser("ada")
	u.Role = "user"
	u.Profile = auth.Profile{Name: "Ada", LastName: "Lovelace"}
	return u
}

// Grace returns a ready user who owns an organization: both contracts let her in.
func Grace() auth.User {
	u := NewUser("grace")
	u.Profile = auth.Profile{FullName: "Grace Hopper"}
	u.Accounts = []auth.Account{{
		ID: "account-grace", OrganizationID: "org-navy", OrganizationName: "Navy", UserType: "Organization Owner",
		IsSelected: true, GroupID: "group-1", CustomSubdomain: "navy",
	}}
	return u
}

// Alan returns a ready user whose one account has no qualifying role, so that the organization contract refuses him.
func Alan() auth.User {
	u := NewUser("alan")
	u.Profile = auth.Profile{Name: "Alan", LastName: "Turing"}
	u.Accounts = []auth.Account{{
		ID: "account-alan", OrganizationID: "org-park", OrganizationName: "The Park", UserType: "Viewer",
	}}
	return u
}

// Joan returns a pending user, who may not sign in by any contract, even with the right password.
func Joan() auth.User {
	u := NewUser("joan")
	u.Profile = auth.Profile{Name: "Joan", LastName: "Clarke"}
	u.Status = auth.StatusPending
	return u
}

// Identifier returns the identifier of a well-formed address; it panics for any other.
func Identifier(email string) auth.Identifier {
	id, err := auth.ParseIdentifier(email)
	if err != nil {
		panic("authtest: " + email + ": " + err.Error())
	}
	return id
}
