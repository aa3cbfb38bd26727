package luapattern

import "math/bits"

const (
	memoAfter = 4096    // steps of a match before failures are remembered
	memoLimit = 1 << 23 // bits that may be spent on it
)

// A memo remembers, once a match has become long, for each quantifier at which
// ends everything behind it failed. Whether it does depends only on the place,
// as long as there are no back references; so it need never be tried again, and
// the time is bounded by quantifiers times bytes.
type memo struct {
	bits   []uint64
	stride int // bits per quantifier
	begin  int // steps left at which it starts
}

func (o *memo) on() bool { return o.bits != nil }

// remember starts the memo for a subject of n bytes.
func (x *machine) remember(n int) {
	size := x.p.choices * (n + 1)
	if x.p.backrefs || size > memoLimit {
		x.memo.begin = -1
		return
	}
	x.memo.stride = n + 1
	x.memo.bits = make([]uint64, size/64+1)
}

func (o *memo) mark(choice, pos int) {
	i := choice*o.stride + pos
	o.bits[i>>6] |= 1 << (i & 63)
}

func (o *memo) marked(choice, pos int) bool {
	i := choice*o.stride + pos
	return o.bits[i>>6]>>(i&63)&1 != 0
}

// unmarked returns the highest place from pos down to low that is not marked,
// or low-1.
func (x *machine) unmarked(choice, pos, low int) int {
	o := &x.memo
	base := choice * o.stride
	x.left -= max(0, pos-low) >> 10
	for i := base + pos; i >= base+low; {
		word := ^o.bits[i>>6] << (63 - i&63)
		if word != 0 {
			return max(i-bits.LeadingZeros64(word)-base, low-1)
		}
		i -= i&63 + 1
	}
	return low - 1
}
