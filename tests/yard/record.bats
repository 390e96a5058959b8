#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# record - damaged, newer or foreign records, several callers at once, and input
# that is refused before anything is touched

load lib

setup() {
	prepare unified
	BEFORE=$(tree)
}

teardown() { finish; }

# Nothing was touched: the tree, and no record.
untouched() {
	same_tree "$BEFORE"
	no_record
}

@test "a damaged record is refused, and nothing is touched" {
	stage createRuntime
	now=$(tree)
	for damage in '' '{' '[]' '{"vmcg":1}' '{"vmcg":1,"id":"c1","path":"/"}'; do
		printf '%s' "$damage" >"$R/c1.json"
		for s in createRuntime poststart poststop "destroy c1" "show c1" "paths c1"; do
			# shellcheck disable=SC2086 # a command and its argument
			run -4 stage $s
			[[ $output = *"$R/c1.json"*"damaged or foreign"* ]] || fail "$damage: $output"
			[ "${#lines[@]}" -eq 1 ]
			same_tree "$now"
		done
		expect "$(<"$R/c1.json")" "$damage"
	done
}

@test "a record cut off anywhere is refused" {
	stage createRuntime
	now=$(tree) whole=$(<"$R/c1.json")
	for ((n = 1; n < ${#whole}; n += 211)); do
		printf '%s' "${whole:0:n}" >"$R/c1.json"
		run -4 vmcg destroy c1
	done
	same_tree "$now"
	echo "$whole" >"$R/c1.json"
	vmcg destroy c1
	untouched
}

@test "a record of a newer version is left alone" {
	stage createRuntime
	now=$(tree)
	sed -Ei 's/"vmcg": ?[0-9]+,/"vmcg":1000,"colour":"green",/' "$R/c1.json"
	for s in createRuntime poststop "destroy c1"; do
		# shellcheck disable=SC2086
		run -4 stage $s
		[[ $output = *"version 1000"*"use the vmcg that made it"* ]] || fail "$output"
		same_tree "$now"
	done
}

@test "a record of another boot is dropped: its paths may be others' by now" {
	stage createRuntime
	now=$(tree)
	sed -i 's/"boot":"[^"]*"/"boot":"00000000-0000-0000-0000-000000000000"/' "$R/c1.json"
	stage poststop
	same_tree "$now"
	no_record
}

@test "a record of another container under this name is refused" {
	stage createRuntime
	now=$(tree)
	mv "$R/c1.json" "$R/c2.json"
	run -4 vmcg destroy c2
	[[ $output = *'record of container "c1"'* ]]
	same_tree "$now"
}

@test "a record that cannot be read does not hide the others" {
	stage createRuntime
	echo '{' >"$R/b0.json"
	echo '{' >"$R/z9.json"
	run -0 --separate-stderr vmcg list
	[[ $output = *"c1 "*/vms/c1* ]]
	[[ $stderr = *b0.json*z9.json* || $stderr = *z9.json*b0.json* ]]
}

@test "the container came again under the same name: the old one goes first" {
	stage createRuntime
	old=$VM
	sleeper
	VM=$PID
	sed -i "s/\"pid\": $old, \"start\": [0-9]*/\"pid\": $VM, \"start\": $(start_of "$VM")/" "$Y/host.json"
	echo "$VM" >>"$Y/$CG/cgroup.procs"
	run -0 stage createRuntime
	[[ $output = *"former setup"* ]]
	expect "$(value . cgroup.procs)" "$VM"
	grep -qx "$old" "$Y/$CG/cgroup.procs"
	stage poststop
	no_record
}

@test "two callers for one container: one sets up, the other finds it done" {
	for round in 1 2 3 4; do
		stage createRuntime --debug 2>"$BATS_TEST_TMPDIR/log1" 3>&- &
		one=$!
		stage createRuntime --debug 2>"$BATS_TEST_TMPDIR/log2" 3>&- &
		two=$!
		wait $one
		wait $two
		expect "$(cat "$BATS_TEST_TMPDIR"/log[12] | grep -c 'already set up')" 1
		expect "$(cat "$BATS_TEST_TMPDIR"/log[12] | grep -c 'debug: place')" 1
		expect "$(value . cgroup.procs)" "$VM"
		stage poststop 3>&- &
		one=$!
		vmcg destroy c1 2>/dev/null 3>&- &
		two=$!
		wait $one
		wait $two || [ $? -eq 4 ]
		untouched || fail "round $round"
	done
}

@test "nobody but root and the caller may write where records are" {
	mkdir -p "$R"
	chmod 0777 "$R"
	run -4 stage createRuntime
	[[ $output = *"$R"*"make it 0700"* ]]
	untouched
}

@test "the run directory is made for its owner only" {
	stage createRuntime
	expect "$(stat -c %a "$R" "$R/c1.json" | xargs)" "700 600"
	stage poststop
}

# --- input ---

# $1: exit code, $2: what the one line says; the state is on standard input.
refused() {
	run "-$1" vmcg createRuntime
	[ "${#lines[@]}" -eq 1 ] || fail "not one line: $output"
	[[ $output = *"$2"* ]] || fail "$output"
	untouched
}

@test "standard input that is no state" {
	refused 3 "the document is empty" </dev/null
	refused 3 "the text ends" <<<'{"id": "c1"'
	refused 3 "expected an object" <<<'[]'
	refused 3 '"id" is missing' <<<'{}'
	refused 3 '"bundle" is missing' <<<"{\"id\": \"c1\", \"pid\": $VM}"
	refused 3 'is not an absolute path' <<<"{\"id\": \"c1\", \"pid\": $VM, \"bundle\": \"b\"}"
	refused 3 'other characters' <<<"{\"id\": \"../c1\", \"pid\": $VM, \"bundle\": \"$B\"}"
	refused 3 "$B/no: cannot open" <<<"{\"id\": \"c1\", \"pid\": $VM, \"bundle\": \"$B/no\"}"
	refused 3 '"pid" is missing or 0' <<<"{\"id\": \"c1\", \"bundle\": \"$B\"}"
	refused 3 '"pid" is missing or 0' <<<"{\"id\": \"c1\", \"pid\": 0, \"bundle\": \"$B\"}"
	rm "$B/config.json"
	refused 3 '/config.json: no such file' < <(state)
}

@test "documents of more than 16 MiB" {
	{
		printf '{"id": "c1", "ociVersion": "'
		head -c $((17 << 20)) /dev/zero | tr '\0' x
		echo '"}'
	} >"$BATS_TEST_TMPDIR/big"
	refused 3 "16 MiB" <"$BATS_TEST_TMPDIR/big"
	mv "$BATS_TEST_TMPDIR/big" "$B/config.json"
	refused 3 "16 MiB" < <(state)
}

@test "a process that is gone" {
	kill "$VM"
	wait "$VM" 2>/dev/null || true
	refused 4 "$VM" < <(state)
}

@test "a bad config, and the host exactly as it was" {
	config '"cgroupsPath": "/"'
	refused 3 "root cgroup" < <(state)
	config '"cgroupsPath": "/vms/c1", "resources": {"memory": {"limit": 4095}}'
	refused 3 "/linux/resources/memory/limit" < <(state)
	config '"cgroupsPath": "/vms/c1", "resources": {"rdma": {"mlx5_1": {"hcaHandles": 1}}}'
	refused 4 "no rdma controller" < <(state)
	echo '[]' >"$B/config.json"
	refused 3 "expected an object" < <(state)
}

@test "stages that run inside the container name the one to use" {
	for s in createContainer startContainer; do
		run -2 stage $s
		[[ $output = *"createRuntime and poststop"* ]]
	done
	untouched
}

@test "an id too long for a file name: setup refuses it, teardown has nothing to do" {
	ID=$(printf 'x%.0s' {1..300})
	for s in prestart createRuntime poststart; do
		run -4 stage $s
		[[ $output = *"the container's id has 300 bytes"*"use a shorter id"* ]] || fail "$output"
		[ "${#lines[@]}" -eq 1 ]
		untouched
	done
	run -0 stage poststop
	[ -z "$output" ]
	run -4 vmcg destroy "$ID"
	[[ $output = *"no record of container"* ]]
	untouched
	[ -z "$(ls -A "$R")" ]
}
