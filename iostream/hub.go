package iostream

import (
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// hub is what the streams of one loop share: the read buffer and the pools.
// Every stream finds it. Like everything here it belongs to the loop's
// goroutine.
type hub struct {
	loop *ioloop.IOLoop
	conf config // of streams without options

	lent  int      // read buffers that handlers have now
	spare []*block // read buffers that nobody has

	blocks      [len(blockSizes)]*block // free ones by class, linked
	counts      [len(blockSizes)]int
	views       *block // free ones without memory, linked
	viewCount   int    // how many these are
	queues      []*writeQueue
	completions *completion // free ones, linked
	idle        int         // how many these are

	scratch *block         // what AvailableBuffer hands out
	vec     [maxVec][]byte // for one system call

	lingers map[time.Duration]*ioloop.Deadlines
	starved []*Listener // they wait for a free descriptor

	// Helpers of our own: what blocks the application's must not keep connections
	// from being made.
	lookups    *ioloop.Helpers
	handshakes *ioloop.Helpers
}

type hubKey struct{}

// hubOf returns the hub of a loop and makes it when there is none.
func hubOf(l *ioloop.IOLoop) *hub {
	if c, ok := l.Value(hubKey{}).(*hub); ok {
		return c
	}
	c := &hub{loop: l, lookups: l.NewHelpers(maxLookups), handshakes: l.NewHelpers(maxHandshakers)}
	c.conf = c.defaults()
	l.SetValue(hubKey{}, c)
	return c
}

// poison is what memory is overwritten with that a callback may no longer use,
// so that a test notices who still looks at it. Only tests set it.
var poison []byte

// spoil poisons p.
func spoil(p []byte) {
	for poison != nil && len(p) > 0 {
		p = p[copy(p, poison):]
	}
}

// A block is memory from the pools. Its bytes lie between r and len(b).
type block struct {
	b     []byte // the capacity is the block's
	r     int    // what comes before has been consumed
	refs  int32  // of a reader's block: the reader, and completions that point into it
	class int8   // index into blockSizes, or one of the below
	next  *block // in a write queue, or in a pool
}

const (
	unpooled int8 = -1 // too large to be kept
	borrowed int8 = -2 // the caller's memory, see WriteZeroCopy
)

// blockSizes are the sizes of the pools, in bytes, and blockLimits is how many
// of each are kept. A small answer takes a small one, so that a broadcast to
// ten thousand streams stays in a few megabytes.
var (
	blockSizes  = [...]int{512, 4 << 10, 16 << 10, 64 << 10}
	blockLimits = [...]int{16384, 1024, 64, 16}
)

const (
	// readSize is how much one read takes at most: a message of 64 KiB with its
	// header, say, and what follows it, so that it need not be put together.
	readSize = 128 << 10
	// scratchSize is how much room AvailableBuffer offers.
	scratchSize = 4 << 10
	// maxLent bounds how many handlers may sit on a whole read buffer, by being
	// suspended; the others then have small ones.
	maxLent = 16
	// maxSpareReads is how many read buffers are kept.
	maxSpareReads = 4
)

// block returns an empty block that holds at least size bytes.
func (c *hub) block(size int) *block {
	for class, n := range blockSizes {
		if size > n {
			continue
		}
		if b := c.blocks[class]; b != nil {
			c.blocks[class] = b.next
			c.counts[class]--
			b.next, b.refs = nil, 1
			return b
		}
		return &block{b: make([]byte, 0, n), class: int8(class), refs: 1}
	}
	return &block{b: make([]byte, 0, size), class: unpooled, refs: 1}
}

// release gives a block back once nobody refers to it any more.
func (c *hub) release(b *block) {
	b.refs--
	if b.refs > 0 {
		return
	}
	if b.class == borrowed {
		c.releaseView(b)
		return
	}
	spoil(b.b[:cap(b.b)])
	if b.class == unpooled || c.counts[b.class] >= blockLimits[b.class] {
		return
	}
	b.b, b.r, b.next = b.b[:0], 0, c.blocks[b.class]
	c.blocks[b.class] = b
	c.counts[b.class]++
}

// takeRead returns the loop's read buffer. Whoever takes it has it alone, for
// as long as he likes: a handler that suspends keeps it, and the next read
// takes another one.
func (c *hub) takeRead() *block {
	c.lent++
	if n := len(c.spare); n > 0 {
		b := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return b
	}
	if c.lent > maxLent {
		return c.block(4 << 10)
	}
	return c.block(readSize)
}

// giveRead returns what takeRead gave.
func (c *hub) giveRead(b *block) {
	c.lent--
	if cap(b.b) == readSize && len(c.spare) < maxSpareReads {
		c.spare = append(c.spare, b)
		return
	}
	c.release(b)
}

// queue returns an empty write queue.
func (c *hub) queue() *writeQueue {
	if n := len(c.queues); n > 0 {
		q := c.queues[n-1]
		c.queues = c.queues[:n-1]
		return q
	}
	return new(writeQueue)
}

// maxLookups is how many names are looked up at the same time, maxHandshakers how
// many TLS handshakes are being computed.
const (
	maxLookups     = 64
	maxHandshakers = 64
)

// maxQueues and maxCompletions are how many unused ones are kept.
const (
	maxQueues      = 16384 // a broadcast needs one for each receiver
	maxCompletions = 1024
)

func (c *hub) releaseQueue(q *writeQueue) {
	*q = writeQueue{}
	if len(c.queues) < maxQueues {
		c.queues = append(c.queues, q)
	}
}
