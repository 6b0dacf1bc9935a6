// The smallest graph on which a breadth-first tree is wrong about what would be
// freed (an example of LeakCanary's): seven edges, from the variables a and d.
//
//	variables ─┬─ a ─┬─ b ── c
//	           │     └─ c
//	           └─ d ── e ── b
package main

import "time"

// Data makes the objects wide enough to be seen.
type Data []byte

type A struct {
	data Data
	b    *B
	c    *C
}

type B struct {
	data Data
	c    *C
}

type C struct{ data Data }

type D struct {
	data Data
	e    *E
}

type E struct {
	data Data
	b    *B
}

var (
	a *A
	d *D
)

func main() {
	c := &C{make(Data, 6<<20)}
	b := &B{make(Data, 8<<20), c}
	a = &A{make(Data, 2<<20), b, c}
	d = &D{make(Data, 2<<20), &E{make(Data, 3<<20), b}}
	// What dies with main's frame would hold them too.
	b, c = nil, nil
	time.Sleep(time.Hour)
}
