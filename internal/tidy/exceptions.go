package tidy

// An exception is a place where a rule does not hold, and why.
type exception struct {
	path string // of a file, or file:Function for a long one
	why  string
}

// goroutineFiles are the shipped files that may hold a go statement.
var goroutineFiles = []exception{
	{"ioloop/offload.go", "Offload and everything that blocks (resolving, handshakes) runs through it"},
	{"ioloop/signals.go", "os/signal delivers on a channel"},
	{"ioloop/group.go", "each loop of a group runs on a goroutine of its own"},
	{"web/mount.go", "an http.Handler may block, so it runs off the loop"},
	{"web/webtest/webtest.go", "the loop of an application that is tested"},
}

// lockFiles are the shipped files that may use sync or sync/atomic.
var lockFiles = []exception{
	{"ioloop/callbacks.go", "AddCallback is called from every goroutine"},
	{"ioloop/coroutine.go", "Await has to tell a callback of the loop from a stranger on another goroutine"},
	{"ioloop/loop.go", "Instance is made once for the process"},
	{"ioloop/giveway.go", "the running loops of a process are counted"},
	{"httpserver/poll.go", "a group asks servers on other loops, which may end meanwhile"},
	{"iostream/share.go", "one loop accepts connections for others, and has to know who has room"},
	{"web/mount.go", "loops may share a route, and the goroutines that it bounds"},
	{"web/mountcall.go", "a handler off the loop hands its response over"},
	{"web/metrics.go", "loops that share metrics are set up on any goroutine"},
	{"web/mustache/helper.go", "loops may share the templates of a folder"},
	{"internal/poller/wake_eventfd_linux.go", "Wake is called from every goroutine and may meet Close"},
	{"internal/poller/wake_kqueue.go", "as its sibling"},
	{"internal/poller/wake_pipe.go", "as its sibling"},
}

// syscallFiles are the files outside of the rooms at the kernel that name
// signals or error numbers by package syscall.
var syscallFiles = []exception{
	{"ioloop/handlers.go", "error numbers of descriptors"},
	{"ioloop/signals.go", "the numbers of signals"},
	{"ioloop/signals_unix.go", "the signals that may not be caught"},
	{"ioloop/signals_other.go", "as its sibling"},
	{"examples/production/main.go", "SIGTERM and SIGHUP have no other names"},
	{"cmd/chatapp/main.go", "SIGTERM has no other name"},
	{"internal/testee/server/main.go", "SIGTERM has no other name"},
	{"internal/testee/wsclient/main.go", "SIGTERM has no other name"},
}

// sleepers are the files that may call time.Sleep.
var sleepers = []exception{
	{"internal/looptest/leak.go", "a goroutine that has done its work needs a moment to end"},
}

// onLoopTime are the rooms whose deadlines go by the loop's clock.
var onLoopTime = []string{"ioloop", "iostream", "httpclient", "websocket"}

// clockFiles are their files that may ask the system what time it is.
var clockFiles = []exception{
	{"ioloop/clock.go", "the loop's clock"},
	{"ioloop/loop.go", "its origin"},
}

const (
	maxFunction = 70  // lines, of a function outside of tests
	maxFile     = 450 // lines, of a file outside of tests
)

// A longOne is a function or file that is longer than it should be.
type longOne struct {
	exception
	lines int // now
}

// long lists them. It may only shrink.
var long = []longOne{}

// excepted tells whether the path is in the list.
func excepted(list []exception, path string) bool {
	for _, e := range list {
		if e.path == path {
			return true
		}
	}
	return false
}
