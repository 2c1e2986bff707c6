// Package auth is what a login is: users, identifiers, sessions and the rules that decide
// who may sign in. It owns the ports it needs and knows neither a wire format nor a store,
// so that both contracts and both stores obey one set of rules.
package auth
