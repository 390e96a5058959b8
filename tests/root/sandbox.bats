#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# sandbox - what the running program may still do: little, and from before its first byte of input

load lib

setup() {
	prepare
	PROBE=$BUILD/root/sandbox-probe
	[ -x "$PROBE" ] || fail "$PROBE is not built: make ${PROBE#"$TOP/"}"
}

teardown() {
	finish
}

SIGSYS=31

# killed KIND CALL: under that sandbox the call is the process's last.
killed() {
	status=0
	"$PROBE" "$1" "$2" >"$T/out" 2>&1 || status=$?
	[ "$status" -eq $((128 + SIGSYS)) ] || fail "$1 $2: exit $status, $(cat "$T/out")"
}

survives() {
	[ "$("$PROBE" "$1" "$2")" = survived ] || fail "$1 $2 does not survive"
}

@test "calls that no command needs kill it" {
	for kind in look work; do
		for call in execve clone ptrace mount unshare inet mmap-exec chmod setuid; do
			killed "$kind" "$call"
		done
		survives "$kind" unix
		survives "$kind" open-read
	done
}

@test "commands that only look cannot make or write anything" {
	killed look open-write
	killed look mkdir
	survives work open-write
	survives work mkdir
}

@test "where systemd may be the manager, its library can be loaded until that is known" {
	for kind in look-systemd work-systemd; do
		survives "$kind" mmap-file
		survives "$kind" connect
		for call in execve clone ptrace mount unshare inet mmap-exec chmod setuid; do
			killed "$kind" "$call"
			killed "$kind-sealed" "$call"
			killed "$kind-bus" "$call"
		done
		killed "$kind-bus" mmap-file
		survives "$kind-bus" connect
		killed "$kind-sealed" mmap-file
		killed "$kind-sealed" connect
	done
	killed look-systemd mkdir
	killed look mmap-file
	killed work mmap-file
	killed work connect
}

@test "the probe knows what it is asked" {
	# A misspelt call would survive by not being made.
	for call in execve clone ptrace mount unshare inet mmap-exec chmod setuid open-write mkdir mmap-file \
		connect; do
		"$PROBE" list | grep -qx "$call"
	done
}

# waiting COMMAND...: vmcg, stopped at its first byte of input; its number is in $PID.
waiting() {
	mkfifo "$T/stdin"
	exec {hold}<>"$T/stdin"
	"$VMCG" --root "$ROOT" --policy "$POLICY" "$@" <"$T/stdin" >"$T/out" 2>"$T/err" 3>&- &
	PID=$!
	disown "$PID"
	STARTED+=("$PID")
	wait_until grep -qE '^Seccomp:[[:space:]]+2' "/proc/$PID/status" ||
		fail "no filter while it waits for input:" "$(cat "/proc/$PID/status" "$T/err")"
}

@test "every command that reads is confined before it reads" {
	for command in prestart createRuntime poststart poststop "plan --state -"; do
		# shellcheck disable=SC2086 # a command and its options
		waiting $command
		grep -qE '^NoNewPrivs:[[:space:]]+1' "/proc/$PID/status"
		grep -qE '^SigBlk:[[:space:]]+0+$' "/proc/$PID/status"
		[ "$(find "/proc/$PID/fd" -type l -printf '%f\n' | sort -n | xargs)" = "0 1 2" ]
		kill -KILL "$PID"
		wait_until ! kill -0 "$PID" 2>/dev/null
		exec {hold}>&-
		rm "$T/stdin"
	done
}

@test "nothing is executed and no process is made, in a setup and a teardown" {
	command -v strace >/dev/null || fail "strace is missing: tests/deps root"
	start_vm
	limits '.pids.limit = 20'
	state_json "$VM" >"$T/state.json"
	for stage in createRuntime poststop; do
		strace -f -qq -o "$T/calls" "$VMCG" --root "$ROOT" --policy "$POLICY" "$stage" <"$T/state.json"
		[ "$(grep -cE ' (execve|execveat)\(' "$T/calls")" -eq 1 ]
		! grep -E ' (clone3?|v?fork|ptrace|mount|connect|chmod|setuid)\(' "$T/calls" || fail "$stage"
		# Reading the documents comes after the filter.
		grep -n -m 1 -E 'seccomp\(|PR_SET_SECCOMP' "$T/calls" | cut -d: -f1 >"$T/filter"
		grep -n -m 1 -E 'read\(0,' "$T/calls" | cut -d: -f1 >"$T/input"
		[ "$(cat "$T/filter")" -lt "$(cat "$T/input")" ]
	done
}
