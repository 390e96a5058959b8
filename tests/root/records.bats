#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# records - what a record that is old, damaged, of another boot or on a full disk means to the
# commands that change a running container; and a VM that dies while they work

load lib
load operate

setup() {
	prepare
	find_spare
}

teardown() {
	[ ! -f "${T:-}/good" ] || [ ! -f "$ROOT/$ID.json" ] || cat "$T/good" >"$ROOT/$ID.json"
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

helper() {
	sleep 1000 3>&- &
	HELPER=$!
	disown
	STARTED+=("$HELPER")
}

# each_command WHAT...: all commands that change a running container, one after the other; after each of them WHAT is run.
each_command() {
	local command

	for command in update "update --resources $T/change.json" "device add" "device remove" add; do
		case $command in
		update) vmcg update "$ID" ;;
		update*) vmcg update "$ID" --resources "$T/change.json" ;;
		device*) vmcg "${command% *}" "${command#* }" "$ID" "$SPARE" ;;
		add) vmcg add "$ID" "$HELPER" ;;
		esac
		"$@" || fail "$command" || return
	done
}

prepare_commands() {
	echo '{"pids": {"limit": 20}}' >"$T/change.json"
	helper
	running '.pids.limit = 50'
	cp "$ROOT/$ID.json" "$T/good"
}

# --- an older record ---

# As a vmcg without update wrote it.
old_record() {
	jq -c '.vmcg = 1 | del(.resources, .properties, .tail, .frozen, .added, .plugs)' "$T/good" >"$T/old"
	cat "$T/old" >"$ROOT/$ID.json"
}

@test "a record of version 1 cannot be updated, and says the way out; the rest works" {
	prepare_commands
	old_record
	before=$(standing)
	for options in '' "--resources $T/change.json"; do
		# shellcheck disable=SC2086 # two words or none
		vmcg update "$ID" $options
		expect 4 "$ID" "older vmcg" "vmcg destroy $ID"
		one_line
		untouched "$before"
	done
	vmcg list
	expect 0
	[[ $out = *"$ID"* ]]
	vmcg show "$ID"
	expect 0
	[[ $out = *"$CG"* ]]
	vmcg paths "$ID"
	expect 0
	vmcg device list "$ID"
	expect 0
	untouched "$before"
	vmcg destroy "$ID"
	expect 0
	[ -z "$(groups_here)" ]
	[ -z "$(ls -A "$ROOT")" ]

	hook createRuntime "$VM"
	expect 0
	cp "$ROOT/$ID.json" "$T/good"
	old_record
	poststop
	expect 0
	[ -z "$(groups_here)" ]
	[ -z "$(ls -A "$ROOT")" ]
}

@test "devices and processes of a container with a record of version 1" {
	prepare_commands
	old_record
	vmcg device add "$ID" "$SPARE"
	expect 0
	opens "$SPARE"
	vmcg device remove "$ID" "$SPARE"
	expect 0
	denied "$SPARE"
	vmcg add "$ID" "$HELPER"
	expect 0
	sits_in "$HELPER" "$CG"
	# What it lacks it still lacks.
	vmcg update "$ID"
	expect 4 "older vmcg"
	vmcg destroy "$ID"
	expect 0
	[ -z "$(groups_here)" ]
	[ -z "$(grep "$NAME" "/proc/$HELPER/cgroup")" ]
}

# --- a damaged one ---

refused_by_name() {
	expect 4 "$ROOT/$ID.json" || return
	one_line || return
	cmp "$T/bad" "$ROOT/$ID.json"
}

@test "a damaged record is refused by each command, which names the file and touches nothing" {
	prepare_commands
	n=$(stat -c %s "$T/good")
	while IFS= read -r damage; do
		bash -c "$damage" <"$T/good" >"$T/bad"
		! cmp -s "$T/good" "$T/bad" || fail "no damage: $damage"
		cat "$T/bad" >"$ROOT/$ID.json"
		before=$(standing)
		each_command refused_by_name || fail "$damage"
		untouched "$before" || fail "$damage"
	done <<-END
		true
		head -c 1
		head -c $((n / 2))
		head -c $((n - 3))
		tr '{' '['
		jq -c 'del(.path)'
		jq -c '.vmcg = 3'
		jq -c '.status = "done"'
		jq -c '.id = "another"'
		jq -c '.resources = 7'
		jq -c '.added = [{}]'
		jq -c '.plugs = [{"path": 1}]'
		jq -c '.devices.rules[0].access = "q"'
	END
}

@test "a record of another boot, and one that is half-done" {
	prepare_commands
	for damage in '.boot = "00000000-0000-0000-0000-000000000000"' '.status = "intent"' '.status = "leaving"'; do
		jq -c "$damage" "$T/good" >"$T/bad"
		cat "$T/bad" >"$ROOT/$ID.json"
		before=$(standing)
		not_this_one() {
			expect 4 "$ID" || return
			cmp "$T/bad" "$ROOT/$ID.json"
		}
		each_command not_this_one || fail "$damage"
		untouched "$before" || fail "$damage"
	done
}

# --- one that says the container is frozen ---

@test "what a killed vmcg left frozen is thawed by the next command; what others froze is not" {
	[ "$(version_of freezer)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted, so nobody is frozen"
	prepare_commands
	state=$(controller_path freezer)/freezer.state
	is() { [ "$(cat "$state")" = "$1" ]; }
	for left in true false; do
		for words in "update $ID" "add $ID $HELPER" "device remove $ID $SPARE" "device add $ID $SPARE"; do
			jq -c ".frozen = $left" "$ROOT/$ID.json" >"$T/record"
			cat "$T/record" >"$ROOT/$ID.json"
			echo FROZEN >"$state"
			wait_until is FROZEN
			# A dry run changes nothing.
			# shellcheck disable=SC2086 # words
			vmcg --dry-run $words
			expect 0
			is FROZEN
			# shellcheck disable=SC2086
			vmcg $words
			expect 0
			is "$([ $left = true ] && echo THAWED || echo FROZEN)" || fail "$words: $left, $(cat "$state")"
			[ "$(record .frozen)" != true ]
		done
	done
	echo THAWED >"$state"
	opens /dev/null
}

# --- no room for it ---

# In a mount namespace of its own the run directory is a file system that is full. What the command said and its exit code are in
# $T/full.*; the record and the directory's names, after it, as well.
on_full_disk() {
	rm -f "$T"/full.*
	ROOT=$ROOT T=$T ID=$ID VMCG=$VMCG POLICY=$POLICY unshare -m --propagation private bash -c '
		cp "$ROOT/$ID.json" "$T/full.before"
		mount -t tmpfs -o size=64k,mode=700 tmpfs "$ROOT" || exit 99
		(umask 077 && cat "$T/full.before" >"$ROOT/$ID.json")
		: >"$ROOT/$ID.lock"
		chmod 600 "$ROOT/$ID.lock"
		chmod 700 "$ROOT"
		dd if=/dev/zero of="$ROOT/filler" bs=4k >/dev/null 2>&1
		"$VMCG" --root "$ROOT" --policy "$POLICY" "$@" >"$T/full.out" 2>"$T/full.err"
		echo $? >"$T/full.status"
		cp "$ROOT/$ID.json" "$T/full.after"
		ls -A "$ROOT" >"$T/full.names"' - "$@" 3>&-
	status=$(cat "$T/full.status")
	out=$(cat "$T/full.out")
	err=$(cat "$T/full.err")
}

@test "a full disk: nothing is changed, and the record is the old one" {
	prepare_commands
	echo 33 >"$(controller_path pids)/pids.max"
	before=$(standing)
	while IFS= read -r command; do
		# shellcheck disable=SC2086 # words
		on_full_disk $command
		expect 5 "$ID" "No space left" "free space there" || fail "$command"
		cmp "$T/full.before" "$T/full.after"
		[ "$(grep -cvx -e "$ID.json" -e "$ID.lock" -e filler "$T/full.names")" = 0 ] || fail "$(cat "$T/full.names")"
		untouched "$before" || fail "$command"
	done <<-END
		update $ID
		update $ID --resources $T/change.json
		device add $ID $SPARE
		device remove $ID /dev/null
		add $ID $HELPER
	END
	opens /dev/null
	denied "$SPARE"
}

# --- a VM that dies ---

# At whatever moment the VM dies, the command ends with a word for it, nothing foreign is touched, and destroy clears up.
@test "a VM that dies while a command works" {
	helper
	home=$(cat "/proc/$HELPER/cgroup")
	codes=
	echo '{"pids": {"limit": 20}, "cpu": {"quota": 30000}}' >"$T/change.json"
	for ((i = 0; i < 32; i++)); do
		running '.pids.limit = 50 | .cpu.quota = 70000'
		case $((i % 4)) in
		0) words=(--resources "$T/change.json" update "$ID") ;;
		1) words=(device add "$ID" "$SPARE") ;;
		2) words=(device remove "$ID" /dev/null) ;;
		3) words=(add "$ID" "$HELPER") ;;
		esac
		{ "$VMCG" --root "$ROOT" --policy "$POLICY" "${words[@]}" >"$T/out" 2>"$T/err"; } 3>&- &
		job=$!
		for ((pause = i / 4 * 60; pause > 0; pause--)); do :; done
		echo exit >&"${VM_IN[$VM]}"
		status=0
		wait "$job" || status=$?
		out=$(<"$T/out") err=$(<"$T/err")
		case $status in
		0 | 4 | 5 | 6) ;;
		*) fail "exit $status: ${words[*]}" "$err" ;;
		esac
		[ "$status" = 0 ] || one_line
		codes+=" $status"
		ended "$VM"
		[ "$status" = 6 ] || [ "$(record .status)" = applied ]
		vmcg destroy "$ID"
		expect 0
		[ -z "$(groups_here)" ] || fail "$(groups_here)"
		[ "$(cat "/proc/$HELPER/cgroup")" = "$home" ] || fail "the helper is not back" "$(cat "/proc/$HELPER/cgroup")"
	done
	echo "# exit codes:$codes" >&3
}

# dying_in_the_middle PID WORD...: the process is killed when the record has been saved and no step has been taken yet.
dying_in_the_middle() {
	local job pid=$1

	shift
	mkfifo "$T/trace"
	strace -f -qq -o "$T/trace" -e trace=rename,renameat,renameat2 \
		-e inject=rename,renameat,renameat2:delay_exit=400000:when=1 \
		"$VMCG" --root "$ROOT" --policy "$POLICY" "$@" >"$T/out" 2>"$T/err" 3>&- &
	job=$!
	# The first line of the trace is the call that is now delayed.
	{
		wait_until grep -q "$CHANGED" "$ROOT/$ID.json"
		ended "$pid"
		cat >/dev/null
	} <"$T/trace"
	status=0
	wait "$job" || status=$?
	rm "$T/trace"
	out=$(<"$T/out") err=$(<"$T/err")
}

@test "a process that dies between the record and the first step" {
	command -v strace >/dev/null || fail "strace is missing: tests/deps root"
	echo '{"pids": {"limit": 20}}' >"$T/change.json"
	running '.pids.limit = 50'
	CHANGED='"limit":20' dying_in_the_middle "$VM" update "$ID" --resources "$T/change.json"
	expect 0
	reads pids 20
	vmcg update "$ID"
	expect 4 gone
	vmcg destroy "$ID"
	expect 0

	running '.pids.limit = 50'
	CHANGED="plugged:$SPARE" dying_in_the_middle "$VM" device add "$ID" "$SPARE"
	expect 0
	vmcg destroy "$ID"
	expect 0

	running '.pids.limit = 50'
	cp "$ROOT/$ID.json" "$T/record"
	helper
	first=$HELPER
	home=$(cat "/proc/$first/cgroup")
	helper
	CHANGED='"added"' dying_in_the_middle "$HELPER" add "$ID" "$first" "$HELPER"
	expect 5 "process $HELPER (sleep) is gone" "everything was undone"
	[ "$(cat "/proc/$first/cgroup")" = "$home" ]
	cmp "$T/record" "$ROOT/$ID.json"
	sits_in "$VM" "$CG"
}
