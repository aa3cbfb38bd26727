package main

// pinCommand, as the first argument, makes this program pin itself to a core
// and become another program: what it starts has no time to run elsewhere.
const pinCommand = "pinned-to"
