// Package importtest tests the rules for imports between our packages: which package may import which.
package importtest
