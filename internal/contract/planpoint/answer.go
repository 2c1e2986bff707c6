package planpoint

import "latchkey/internal/auth"

// answer is the 200 body: the tokens and the members of the profile in one object.
type answer struct {
	Message     string `json:"message"`
	AccessToken string `json:"access_token"`
	Token       string `json:"token"`
	Profile     `json:",inline"`
}

// Profile is a user in the contract's shape and order; it never holds resetToken, a live credential.
type Profile struct {
	ID                     string           `json:"_id"`
	Role                   string           `json:"role,omitzero"`
	Username               string           `json:"username"`
	Name                   string           `json:"name,omitzero"`
	LastName               string           `json:"lastName,omitzero"`
	FullName               string           `json:"fullName,omitzero"`
	Phone                  string           `json:"phone,omitzero"`
	CompanyName            string           `json:"companyName,omitzero"`
	ProjectNameURL         string           `json:"projectNameURL,omitzero"`
	Country                string           `json:"country,omitzero"`
	Address1               string           `json:"address1,omitzero"`
	Address2               string           `json:"address2,omitzero"`
	City                   string           `json:"city,omitzero"`
	Region                 string           `json:"region,omitzero"`
	Zip                    string           `json:"zip,omitzero"`
	StripeAccountID        string           `json:"stripeAccountId,omitzero"`
	StripeOnboardingDone   bool             `json:"stripeOnboardingDone"`
	StripeDetailsSubmitted bool             `json:"stripeDetailsSubmitted"`
	ExperimentalFeatures   bool             `json:"experimentalFeatures"`
	StripeCustomer         auth.Document    `json:"stripeCustomer"`
	Subscription           auth.Document    `json:"subscription"`
	AppliedTrial           bool             `json:"appliedTrial"`
	Projects               []string         `json:"projects"`
	Groups                 []string         `json:"groups"`
	Administrators         []string         `json:"administrators"`
	Editors                []string         `json:"editors"`
	Invites                []auth.Invite    `json:"invites"`
	Preferences            auth.Preferences `json:"preferences"`
}

func newAnswer(g auth.Grant) answer {
	return answer{Message: "Login successful", AccessToken: g.AccessToken, Token: g.AccessToken, Profile: NewProfile(g.User)}
}

// NewProfile returns the user's profile. It relies on the encoder to write nil slices and maps as [] and {}, which the contract
// requires.
func NewProfile(u auth.User) Profile {
	p := u.Profile
	return Profile{
		ID: u.ID, Role: u.Role, Username: u.Email,
		Name: p.Name, LastName: p.LastName, FullName: p.FullName, Phone: p.Phone, CompanyName: p.CompanyName,
		ProjectNameURL: p.ProjectNameURL, Country: p.Country, Address1: p.Address1, Address2: p.Address2,
		City: p.City, Region: p.Region, Zip: p.Zip, StripeAccountID: p.StripeAccountID,
		StripeOnboardingDone: p.StripeOnboardingDone, StripeDetailsSubmitted: p.StripeDetailsSubmitted,
		ExperimentalFeatures: p.ExperimentalFeatures, StripeCustomer: p.StripeCustomer, Subscription: p.Subscription,
		AppliedTrial: p.AppliedTrial, Projects: p.Projects, Groups: p.Groups, Administrators: p.Administrators,
		Editors: p.Editors, Invites: p.Invites, Preferences: p.Preferences,
	}
}
