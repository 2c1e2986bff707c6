package doctest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// word is an expression that a native speaker would not use here.
type word struct {
	find   string // a regular expression, matched without regard to case
	unless string // the text around a match where the expression is right
	say    string // what to write
	bad    string // an example that the expression must find
}

// words is the list that keeps comments, help and pages in plain English.
func words() []word {
	return slices.Concat(hiddenSubjects(), archaisms(), idioms())
}

func hiddenSubjects() []word {
	return []word{
		{`\bwhoever\b`, "", "name the caller, client or operator", "Whoever has the list has the passwords"},
		{`\bnobody's\b|\bnobody (has|who)\b`, "", "unknown users, unused addresses", "names that nobody has"},
		{`\b(those|people) who run\b|\bwho runs? it\b`, "", "operators", "for those who run the service"},
		{`(^|[.;:] )Who [a-z]+ `, `\?`, "name the subject: a caller that …", "Who impersonates may end that session alone."},
		{`\bwho comes?\b`, "", "a caller that …", "not for one who comes later"},
		{`\bwhat (is|was|are|were) (not \w+|no|none)\b`, "", "name it: the missing item, other requests", "what is no HTTP request is 400"},
		{`\b(is|are|was|were|be) (not |all )?there\b`, `(is|are|was|were) (not )?there (an?|any|no|one|other|more|only|still|enough)\b`,
			"exists, is stored, is missing", "a user who is there already"},
		{`\b(that|for|to|from|of|than|by) who (is|has|may|signed|signs|sends|goes|comes|asks|gets|waits|knows|reads|holds)\b`, "",
			"name the subject: users that …", "an import promises that who signed in keeps the new hash"},
		{`\bthat whose\b`, "", "name the subject", "users that whose identifier is taken"},
		{`\bwhom\b`, "", "rephrase without it", "who was signed out by whom"},
	}
}

func archaisms() []word {
	return []word{
		{`\bbesides?\b`, "", "concurrently, next to, with, also", "the name of the file beside it"},
		{`\banew\b`, "", "again, new", "read again and decide anew"},
		{`\bbe it (for|by|an?|the|in|of)\b`, "", "whether", "a refusal, be it for the password or for a gate"},
		{`\bfor ever\b`, "", "forever", "the file cannot grow for ever"},
		{`\bfor all that\b`, `for all that (is|was|are|were|has|have|clients|the|we|it|they)\b`, "still", "which stores can hold for all that"},
		{`\b(hence|thereby|thereof|therein|whence|whereby|wherein|hitherto|henceforth|lest|albeit|whilst|amongst|upon|hereby|herein|notwithstanding|shall|ought)\b`,
			"", "today's word", "errors that callers act upon"},
		{`\bin vain\b`, "", "without effect, too late", "those who waited in vain"},
		{`\b(be|was|were|is) had\b`, "", "be read, be available", "where no keys can be had"},
		{`\bdear(er|est)?\b`, "", "expensive, costly", "dear hashes make a flood dearer"},
		{`\bsome day\b`, "", "eventually", "every session ends some day"},
		{`, for (they|it|nobody|there|what|who|we|that)\b`, "", "because", "they stay, for they hold your keys"},
		{`\bbut for\b`, "", "except", "the same, but for its end"},
		{`\bothers'`, "", "name whose", "the others' password"},
	}
}

func idioms() []word {
	return []word{
		{`\bso (long|many|often|late|soon)\b`, `\bso (long|many|often|late|soon) (that|as to)\b|not so (long|many|often)`,
			"for, up to, at most, n", "the delay of so many failures"},
		{`\bis no matter\b`, "", "does not matter", "a failure is no matter"},
		{`\b(is|are|be|was) of (no )?use\b|\bno use for\b`, "", "works, is useful, ignores", "sessions that are of use without a user"},
		{`\bon (its|their|his) own account\b`, "", "by itself", "which it does on its own account"},
		{`\b(is|are) for [\w' ]+ to (say|decide|tell)\b`, "", "the caller decides", "the wait is for the store to say"},
		{`\b(takes?|took|taking) (its|his|their|the) place\b`, "", "replaces", "a hash that is to take its place"},
		{`\bat the (least|most)([,.;:]|$| (by|once|for)\b)`, "", "at least, at most", "how long it takes at the least"},
		{`\bof an hour\b`, `(quarter|half|third|part|rest) of an hour`, "hourly, one hour old", "the requests of an hour"},
		{`\b(of|for|with|to|at|in|from|is|are) none\b`, `there (is|are) none|none of`, "no one, without any", "refuses what is none"},
		{`\b\w+ (is|are|was|were) no \w+`, `there (is|are|was|were) no|no (longer|more|such|different|better|fewer|less|greater|larger|later|earlier|match|way)\b`,
			"is not a", "clients that are no browsers"},
		{`\balone([,.;:)]|$)| alone and\b`, `(leave|leaves|left|leaving|let)( \w+)? alone|(be|is|are|was|were|being|work|runs?) alone`, "only", "for tests alone"},
		{`\ball the same\b`, `(is|are|be|were|was|look) all the same`, "still, anyway", "an operator can do it all the same"},
		{`\bat hand\b`, "", "installed, available", "with Docker and Java at hand"},
		{`\ban own\b`, "", "its own", "a file of an own"},
		{`\b(is|are|was|were|stays?|still) (not |still )?good\b`, `good (at|enough|to|practice|idea|reason)\b`, "valid", "a bearer that is not good"},
		{`\bgood (for|until) (life|\d|an?|the|one)\b`, "", "valid for", "an access token, good for life"},
		{`\btells (who|what|whether|nothing|how|where|in words|no)\b`, "", "says, reveals, shows", "time tells who is a user"},
		{`\b(what|whatever|that|which|nothing|as (it|they)) (stands?|stood)\b|\bstands? (there|beside|before|below|above|nowhere)\b|\bstood there\b`,
			`stands? (in )?for`, "is", "the path, and what stands there"},
		{`\bin (that|the same|one|this) moment\b`, "", "at that moment, at once", "fifty guesses in one moment"},
		{`\bwhere (there|it|they) (is|are|was|were|has|have|had) (none|no|one)\b`, "", "if there is none, without", "a hyphen where there is none"},
		{`\w's to (say|decide|verify|send|keep)\b`, `let's to`, "is decided by, may be kept by", "what a record holds is auth's to say"},
		{`\bin words\b`, "", "as text", "tells in words what failed"},
		{`\bas [a-z' ]{1,20} has it\b`, "", "as … says", "stored or not by itself, as Users has it"},
		{`\bas ever\b`, "", "as before, as usual", "what needs no hash is answered as ever"},
	}
}

// TestWordsFind promises that every expression on the list can be found, and that its exception is not a hole.
func TestWordsFind(t *testing.T) {
	for _, w := range words() {
		if len(compile(w).matches(w.bad)) == 0 {
			t.Errorf("%s does not find %q", w.find, w.bad)
		}
	}
	for _, good := range []string{
		"There are none.", "There is no such user.", "The file is left alone.", "None of them is read.", "Are there any?", "Who can see it?",
		"An API key alone signs nobody in.", "A user for all that it matters.", "It is good at this.", "This word stands for another.",
	} {
		for _, w := range words() {
			if found := compile(w).matches(good); len(found) > 0 {
				t.Errorf("%s finds %q in %q", w.find, found, good)
			}
		}
	}
}

// finder is a compiled word.
type finder struct {
	word
	find, unless *regexp.Regexp
}

func compile(w word) finder {
	f := finder{word: w, find: regexp.MustCompile(`(?i)` + w.find)}
	if strings.HasPrefix(w.find, "(^|[.;:] )Who") { // a capital begins the sentence
		f.find = regexp.MustCompile(w.find)
	}
	if w.unless != "" {
		f.unless = regexp.MustCompile(`(?i)` + w.unless)
	}
	return f
}

// matches returns what it finds in the text, exceptions left out: those that overlap the match or end its sentence.
func (f finder) matches(text string) (found []string) {
	for _, at := range f.find.FindAllStringIndex(text, -1) {
		sentence := text[at[0]:]
		if end := strings.IndexAny(sentence[1:], ".;!"); end >= 0 {
			sentence = sentence[:end+1]
		}
		from := max(0, at[0]-30)
		around := text[from : at[0]+len(sentence)]
		if f.unless != nil && excepted(f.unless, around, at[0]-from, at[1]-from) {
			continue
		}
		found = append(found, strings.TrimSpace(text[at[0]:at[1]]))
	}
	return found
}

// excepted reports whether an exception overlaps the match, or is the question mark after it.
func excepted(unless *regexp.Regexp, around string, from, to int) bool {
	for _, at := range unless.FindAllStringIndex(around, -1) {
		if at[0] < to && at[1] > from || strings.HasPrefix(around[at[0]:], "?") {
			return true
		}
	}
	return false
}
