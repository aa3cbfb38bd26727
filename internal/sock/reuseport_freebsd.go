package sock

import "golang.org/x/sys/unix"

// reusePort is the option that spreads connections over the listeners; plain
// SO_REUSEPORT gives them all to the newest here.
const reusePort = unix.SO_REUSEPORT_LB

// ReusePortSpreads tells that it does so.
const ReusePortSpreads = true
