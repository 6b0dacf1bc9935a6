"""The source of a Go program of many types: what bench-real measures beside programs of others.

Each of its structs has fields of other structs by value, pointer, slice, map, interface and closure, as a service's have, drawn once from a seed. Roots
are a package variable a type and one registry of interfaces."""

import random

SEED = 20261130
SCALARS = [("int", "int(r())"), ("int32", "int32(r())"), ("uint8", "uint8(r())"), ("float64", "float64(r())"), ("bool", "r()&1 == 0")]
# How often a field is of each sort.
SORTS = {"scalar": 6, "text": 4, "bytes": 2, "pointer": 5, "value": 1, "slice": 2, "pointers": 2, "map": 1, "any": 1, "call": 1}

HEAD = """package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"time"
)

var state = uint64(88172645463325252)

// r is xorshift: the same heap in each run.
func r() uint64 {
	state ^= state << 13
	state ^= state >> 7
	state ^= state << 17
	return state
}

func text() string   { return "value " + strconv.FormatUint(r()%100000, 10) }
func bytes() []byte  { return make([]byte, r()%120) }
func few(d int) int  { return int(r() % uint64(d+2)) }

var registry = map[string]any{}
"""

MAIN = """
func main() {
	wanted, err := strconv.ParseUint(os.Args[2], 10, 64)
	if err != nil {
		panic(err)
	}
	var stats runtime.MemStats
	for round := 0; stats.HeapObjects < wanted; round++ {
		for range 20 {
			kinds[r()%uint64(len(kinds))]()
		}
		registry[text()] = any0(3)
		if round%8 == 0 {
			runtime.ReadMemStats(&stats)
		}
	}
	took := time.Hour
	for range 5 {
		begin := time.Now()
		runtime.GC()
		took = min(took, time.Since(begin))
	}
	runtime.ReadMemStats(&stats)
	said, err := json.Marshal(map[string]any{"HeapObjects": stats.HeapObjects, "HeapAlloc": stats.HeapAlloc, "gc": took.Seconds()})
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(os.Args[1], said, 0o644); err != nil {
		panic(err)
	}
	for {
		time.Sleep(time.Hour)
	}
}
"""


def field(chance, name, of, count):
    """The declaration of a field and the lines that fill it in x, with d levels left below."""
    sort = chance.choices(list(SORTS), SORTS.values())[0]
    other = chance.randrange(count)
    if sort == "scalar":
        ty, value = chance.choice(SCALARS)
        return ty, f"x.{name} = {value}"
    if sort in ("text", "bytes"):
        return {"text": "string", "bytes": "[]byte"}[sort], f"x.{name} = {sort}()"
    if sort == "value" and of > 0:
        # Only of an earlier one: a struct cannot hold itself.
        other = chance.randrange(of)
        return f"T{other}", f"x.{name} = *new{other}(d - 1)"
    if sort == "slice":
        return f"[]T{other}", f"for range few(d) {{\n\t\tx.{name} = append(x.{name}, *new{other}(d - 1))\n\t}}"
    if sort == "pointers":
        return f"[]*T{other}", f"for range few(d) {{\n\t\tx.{name} = append(x.{name}, new{other}(d - 1))\n\t}}"
    if sort == "map":
        fill = f"for range few(d) {{\n\t\t\tx.{name}[text()] = new{other}(d - 1)\n\t\t}}"
        return f"map[string]*T{other}", f"if d > 1 {{\n\t\tx.{name} = map[string]*T{other}{{}}\n\t\t{fill}\n\t}}"
    if sort == "any":
        return "any", f"x.{name} = any0(d - 1)"
    if sort == "call":
        return "func() int", f"x.{name} = func() int {{ return len(x.Name) + d }}"
    return f"*T{other}", f"x.{name} = new{other}(d - 1)"


def struct(chance, number, count):
    """One type with its constructor."""
    fields = [(f"F{at}", *field(chance, f"F{at}", number, count)) for at in range(chance.randint(1, 9))]
    declared = "".join(f"\t{name} {ty}\n" for name, ty, _ in fields)
    filled = "".join(f"\t{fill}\n" for _, _, fill in fields)
    return (f"\ntype T{number} struct {{\n\tName string\n{declared}}}\n\nvar all{number} []*T{number}\n\n"
            f"func new{number}(d int) *T{number} {{\n\tx := &T{number}{{Name: text()}}\n\tif d <= 0 {{\n\t\treturn x\n\t}}\n{filled}\treturn x\n}}\n")


def source(count):
    """The program: `many REPORT OBJECTS` writes REPORT once so many objects live, and sleeps."""
    chance = random.Random(SEED)
    structs = "".join(struct(chance, number, count) for number in range(count))
    adds = "".join(f"\tfunc() {{ all{number} = append(all{number}, new{number}(4)) }},\n" for number in range(count))
    boxes = "".join(f"\tcase {number}:\n\t\treturn new{number}(d)\n" for number in range(0, count, 7))
    any0 = f"\nfunc any0(d int) any {{\n\tswitch r() % {count} {{\n{boxes}\t}}\n\treturn text()\n}}\n"
    return f"{HEAD}{structs}{any0}\nvar kinds []func()\n\nfunc init() {{\n\tkinds = []func(){{\n{adds}\t}}\n}}\n{MAIN}"
