//go:build !(amd64 || arm64) || purego

package argon2

func assembly() []Implementation { return nil }

type lane struct{} // x/crypto has its own

func (i Implementation) derive(*Memory, mode, []byte, []byte, cost) []byte {
	panic("argon2: this build has no implementation but x/crypto's, not " + i.String())
}
