// Package auth is what a login is: users, identifiers, sessions and the rules that decide
// who may sign in. It declares the ports it needs and knows neither a wire format nor a store,
// so that all contracts and both stores obey one set of rules.
package auth
