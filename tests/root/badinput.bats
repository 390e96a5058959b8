#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# badinput - documents and values that are refused: the exit code, one line that names the thing,
# and a host on which nothing was touched

load lib

setup() {
	prepare
	start_vm
	config_json
	before=$(snapshot_host)
}

teardown() {
	finish
}

# refused CODE WORD...: what has just run was refused with that code and one line with those words;
# the host is as it was, without record or lock.
refused() {
	expect "$@" || return
	one_line || return
	[ -z "$out" ] || fail "standard output:" "$out" || return
	unchanged "$before"
}

# state TEXT CODE WORD...: standard input of a setup and of a teardown.
state() {
	local stage

	for stage in createRuntime poststop; do
		vmcg "$stage" < <(printf '%b' "$1")
		refused "${@:2}" || fail "$stage, with the state $1" || return
	done
}

# setup_state: the same, where only a setup minds.
setup_state() {
	vmcg createRuntime < <(printf '%b' "$1")
	refused "${@:2}" || fail "with the state $1"
}

# config TEXT CODE WORD...: config.json.
config() {
	printf '%b' "$1" >"$BUNDLE/config.json"
	hook createRuntime "$VM"
	refused "${@:2}" || fail "with the config ${1:0:200}"
}

# resources TEXT CODE WORD...: linux.resources.
resources() {
	config "{\"linux\": {\"cgroupsPath\": \"$CG\", \"resources\": $1}}" "${@:2}"
}

# nested N: N levels of arrays.
nested() {
	printf '%*s' "$1" '' | tr ' ' '['
	printf '%*s' "$1" '' | tr ' ' ']'
}

@test "empty standard input" {
	state '' 3 state empty
	state ' \n\t\n' 3 state empty
}

@test "documents cut short" {
	state '{' 3 state
	state '{"id": "c1", "pi' 3 state
	full=$(state_json "$VM")
	for n in 1 10 30 "$((${#full} - 1))"; do
		state "${full:0:n}" 3 state
	done
	config '{"linux": {"resources": {"pids"' 3 config
	config '' 3 config empty
}

@test "documents of more than 16 MiB" {
	mib=$(printf '%1048576s' '')
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
		printf %s "$mib"
	done >"$T/blank"
	{ state_json "$VM" | head -c -2; cat "$T/blank"; echo '}'; } >"$T/huge"
	vmcg createRuntime <"$T/huge"
	refused 3 state "16 MiB"
	{ echo '{"linux": {}'; cat "$T/blank"; echo '}'; } >"$BUNDLE/config.json"
	hook createRuntime "$VM"
	refused 3 config "16 MiB"
	head -c 40000000 /dev/zero | tr '\0' ' ' >"$T/huge"
	vmcg createRuntime <"$T/huge"
	refused 3 state MiB
}

@test "more than 64 levels" {
	state "{\"id\": \"$ID\", \"x\": $(nested 64)}" 3 state 64
	config "{\"linux\": {}, \"x\": $(nested 64)}" 3 config 64
	# and 64 are not too many
	printf '%s' "{\"linux\": {\"cgroupsPath\": \"$CG\"}, \"x\": $(nested 63)}" >"$BUNDLE/config.json"
	hook createRuntime "$VM"
	expect 0
	poststop
	expect 0
}

@test "names that occur twice" {
	state "{\"id\": \"$ID\", \"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"$BUNDLE\"}" 3 state id
	config '{"linux": {}, "linux": {}}' 3 config linux
	resources '{"pids": {"limit": 1, "limit": 2}}' 3 /linux/resources/pids limit
	resources '{"pids": {"limit": 1, "l\\u0069mit": 2}}' 3 /linux/resources/pids limit
}

@test "NUL, in the text and in a string" {
	state "{\"id\": \"a\\\\u0000b\", \"pid\": $VM, \"bundle\": \"$BUNDLE\"}" 3 state
	state "{\"id\": \"a\\000b\"}" 3 state
	config "{\"linux\": {\"cgroupsPath\": \"/a\\\\u0000b\"}}" 3 config
	config "{\"linux\": {}}\\000" 3 config
}

@test "bytes that are no UTF-8" {
	state "{\"id\": \"\\0377\"}" 3 state UTF-8
	config "{\"linux\": {\"cgroupsPath\": \"/\\0300\\0257\"}}" 3 config UTF-8
	config "{\"x\": \"\\0355\\0240\\0200\"}" 3 config UTF-8
}

@test "comments and trailing text" {
	setup_state "{\"id\": \"$ID\", \"pid\": $VM} /* comment */" 3
	setup_state "{\"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"$BUNDLE\"} x" 3
	state "/* comment */ {\"id\": \"$ID\"}" 3 state
	config '{"linux": {} // comment\n}' 3 config
	config '{"linux": {}} x' 3 config
	config '{"linux": {}} {}' 3 config
}

@test "numbers in forms that integers do not have" {
	for n in -0 1e3 1.0 0x10 +1 01 18446744073709551616 '"100"' true '[]'; do
		resources "{\"pids\": {\"limit\": $n}}" 3 config || fail "number $n"
	done
	resources '{"memory": {"limit": 18446744073709551616}}' 3 /linux/resources/memory/limit
	resources '{"cpu": {"shares": -1}}' 3 /linux/resources/cpu/shares -1
	resources '{"cpu": {"period": "100000"}}' 3 /linux/resources/cpu/period
	setup_state "{\"id\": \"$ID\", \"pid\": \"$VM\", \"bundle\": \"$BUNDLE\"}" 3 /pid
	setup_state "{\"id\": \"$ID\", \"pid\": 1e3, \"bundle\": \"$BUNDLE\"}" 3 /pid
	setup_state "{\"id\": \"$ID\", \"pid\": -1, \"bundle\": \"$BUNDLE\"}" 3 /pid
	setup_state "{\"id\": \"$ID\", \"pid\": 18446744073709551616, \"bundle\": \"$BUNDLE\"}" 3 /pid
}

@test "a wrong type where an object, an array or a string belongs" {
	state '[]' 3 state
	state '"text"' 3 state
	state 'null' 3 state
	config '[]' 3 config
	config '"text"' 3 config
	config 'null' 3 config
	config '{"linux": []}' 3 /linux
	config '{"linux": {"resources": "none"}}' 3 /linux/resources
	config '{"linux": {"cgroupsPath": 7}}' 3 /linux/cgroupsPath
	resources '{"devices": {}}' 3 /linux/resources/devices
	resources '{"devices": [{"allow": "yes"}]}' 3 /linux/resources/devices/0/allow
}

@test "ids" {
	state '{}' 3 id
	state "{\"pid\": $VM, \"bundle\": \"$BUNDLE\"}" 3 id
	for id in '' . .. a/b ../x '/etc/passwd' 'a b' 'a\\nb' "$(printf '%1025s' '' | tr ' ' x)"; do
		state "{\"id\": \"$id\", \"pid\": $VM, \"bundle\": \"$BUNDLE\"}" 3 id || fail "id $id"
	done
	for id in ../x a/b ..; do
		vmcg destroy "$id"
		refused 3 || fail "destroy $id"
		vmcg show "$id"
		refused 3 || fail "show $id"
	done
}

@test "bundles" {
	setup_state "{\"id\": \"$ID\", \"pid\": $VM}" 3 bundle
	setup_state "{\"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"relative/bundle\"}" 3 bundle relative/bundle
	setup_state "{\"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"\"}" 3 bundle
	setup_state "{\"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"$T/none\"}" 3 "$T/none"
	mkdir "$T/empty"
	setup_state "{\"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"$T/empty\"}" 3 "$T/empty/config.json"
	mkdir -p "$T/odd/config.json"
	setup_state "{\"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"$T/odd\"}" 3 "$T/odd/config.json"
	mkdir "$T/fifo"
	mkfifo "$T/fifo/config.json"
	setup_state "{\"id\": \"$ID\", \"pid\": $VM, \"bundle\": \"$T/fifo\"}" 3 "$T/fifo/config.json"
}

@test "processes that are gone or not named" {
	start_vm
	gone=$VM
	kill -KILL "$gone"
	wait_until ! kill -0 "$gone" 2>/dev/null
	before=$(snapshot_host)
	hook createRuntime "$gone"
	refused 4 "$gone"
	hook createRuntime 0
	refused 3 pid
	vmcg createRuntime < <(state_json null 'del(.pid)')
	refused 3 pid
	hook createRuntime "${STARTED[0]}" --vm-pid "$gone"
	refused 4 "$gone" --vm-pid
	hook createRuntime 4194305
	refused 4 4194305
	echo "no number" >"$T/pid"
	hook createRuntime "${STARTED[0]}" --vm-pid-file "$T/pid"
	refused 3 "$T/pid" "does not hold a process number"
	hook createRuntime "${STARTED[0]}" --vm-pid-file relative
	refused 3 relative
}

@test "cgroupsPath: the root, nothing but dots, too long, with a newline" {
	for path in / // /. .. /.. ../.. /a/..; do
		config "{\"linux\": {\"cgroupsPath\": \"$path\"}}" 3 /linux/cgroupsPath "$path" || fail "path $path"
	done
	long=$(printf '/%255s' '' | tr ' ' x)
	sixteen=$long$long$long$long$long$long$long$long$long$long$long$long$long$long$long$long
	config "{\"linux\": {\"cgroupsPath\": \"${sixteen}x\"}}" 3 /linux/cgroupsPath
	config "{\"linux\": {\"cgroupsPath\": \"${long}x\"}}" 3 /linux/cgroupsPath 255
	config "{\"linux\": {\"cgroupsPath\": \"$CG/a\\\\nb\"}}" 3 /linux/cgroupsPath
}

@test "device rules" {
	resources '{"devices": [{"allow": true, "type": "x", "access": "r"}]}' 3 /linux/resources/devices/0
	resources '{"devices": [{"allow": true, "type": "c", "access": "rq"}]}' 3 /linux/resources/devices/0
	resources '{"devices": [{"allow": true, "type": "c", "major": -2, "access": "r"}]}' 3 /linux/resources/devices/0
	resources '{"devices": [{"allow": true, "type": "c", "major": 1, "minor": 3}]}' 3 /linux/resources/devices/0
	resources '{"devices": [{"type": "c", "access": "r"}]}' 3 /linux/resources/devices/0
}

@test "keys and page sizes that would leave the directory" {
	resources '{"unified": {"../memory.max": "1"}}' 3 /linux/resources/unified
	resources '{"unified": {"a/b": "1"}}' 3 /linux/resources/unified
	resources '{"hugepageLimits": [{"pageSize": "../2MB", "limit": 1}]}' 3 /linux/resources/hugepageLimits/0
	resources '{"hugepageLimits": [{"pageSize": "2MB/../x", "limit": 1}]}' 3 /linux/resources/hugepageLimits/0
}

@test "policies" {
	for text in '' '[]' '{"unknown": 1}' '{"join": "yes"}' '{"on_stop": "shoot"}' '{"devices": {"add": ["kvm"]}}'; do
		printf '%s' "$text" >"$POLICY"
		hook createRuntime "$VM"
		refused 3 policy || fail "policy $text"
	done
	rm "$POLICY"
	hook createRuntime "$VM"
	refused 3 "$POLICY"
}

@test "records that are damaged, of a newer version, or another's" {
	hook createRuntime "$VM"
	expect 0
	cp "$ROOT/$ID.json" "$T/good"
	for change in '.vmcg = 99' 'del(.steps)' '.id = "other"' '.path = "/"' 'del(.status)'; do
		jq "$change" "$T/good" >"$ROOT/$ID.json" 2>/dev/null
		poststop
		expect 4 "$ROOT/$ID.json" || fail "$change"
		one_line
	done
	head -c 100 "$T/good" >"$ROOT/$ID.json"
	poststop
	expect 4 "$ROOT/$ID.json"
	one_line
	sits_in "$VM" "$CG"
	cat "$T/good" >"$ROOT/$ID.json"
	poststop
	expect 0
}

@test "a run directory that others can write to" {
	chmod 0777 "$ROOT"
	before=$(snapshot_host)
	hook createRuntime "$VM"
	refused 4 "$ROOT"
}

@test "a lock that somebody holds does not hold up another id" {
	exec {lock}>"$ROOT/$ID.lock"
	flock "$lock"
	ID=$ID-other
	hook createRuntime "$VM"
	expect 0
	poststop
	expect 0
	exec {lock}>&-
	rm "$ROOT/$NAME.lock"
}

@test "a config of more entries than a record can tell of is refused before anything is done" {
	start_vm
	limits '.devices = [range(30000) | {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]'
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 3 "too long to be read again" "fewer entries"
	one_line
	unchanged "$before"
	# Half of it can be set up, looked at and taken down.
	limits '.devices = [range(15000) | {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]'
	hook createRuntime "$VM"
	expect 0
	vmcg show "$ID"
	expect 0
	poststop
	expect 0
	unchanged "$before"
}
