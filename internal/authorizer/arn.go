package authorizer

import "strings"

// stageOf turns the ARN of a method, arn:aws:execute-api:region:account:api/stage/method/path, into the pattern of all
// methods of its stage. Partitions differ (aws-cn, aws-us-gov). An ARN that is shorter or has wildcards is not a method's.
func stageOf(arn string) (pattern string, ok bool) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[0] != "arn" || !strings.HasPrefix(part[1], "aws") || part[2] != "execute-api" {
		return "", false
	}
	path := strings.SplitN(part[5], "/", 3)
	if len(path) != 3 || path[2] == "" || !plain(part[1]) || !plain(part[3]) || !plain(part[4]) || !plain(path[0]) ||
		path[1] != "$default" && !plain(path[1]) {
		return "", false
	}
	return strings.TrimSuffix(arn, path[2]) + "*", true
}

// plain reports whether the word has no special meaning in a policy: letters, digits, '-' and '_', and not empty.
func plain(word string) bool {
	return word != "" && strings.IndexFunc(word, func(c rune) bool {
		return c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) < 0
}
