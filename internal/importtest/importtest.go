// Package importtest holds the rules of who may import whom, as a test: the tree shows the architecture only while
// the arrows stay as they are drawn.
package importtest
