package iostream

// Memory that a callback may no longer use is made unreadable in all tests.
func init() { poison = true }

// Unpoisoned runs fn without that, for measurements.
func Unpoisoned(fn func()) {
	poison = false
	defer func() { poison = true }()
	fn()
}

// DescriptorOf returns the descriptor of a listener.
func DescriptorOf(ln *Listener) int { return ln.fd }
