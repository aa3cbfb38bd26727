package ioloop

import (
	"runtime"
	"sync/atomic"
	"time"
)

// giveWayEvery is how long a loop keeps its processor when others may be waiting
// for one.
const giveWayEvery = time.Millisecond

// running counts the loops of the process that run.
var running atomic.Int32

// giveWay lets other goroutines run when the loops have all processors. A loop
// that always finds something to do makes no call of which Go's scheduler hears,
// and would be interrupted after 10 ms only. Above all the garbage collector would
// have to wait for so long, and until it is done every pointer that is written
// costs several times as much.
func (l *IOLoop) giveWay() {
	l.gaveWay = l.now
	if int(running.Load()) >= runtime.GOMAXPROCS(0) {
		runtime.Gosched()
	}
}
