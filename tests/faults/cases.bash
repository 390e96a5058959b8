# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# cases - one run of vmcg with one fault, and the judgement of what it left
#
# A stage is a table of words, set by run: STAGE (the command), BEFORE (the look of the host
# without the container), FULL (with it), ENTER (what comes before the run).

# vmcg COMMAND [ARG...]: without a fault; sets STATUS, and standard error is in $T/err.
vmcg() {
	STATUS=0
	timeout -k 1 20 "$VMCG" --root "$ROOT" --policy "$T/policy.json" "${OPTIONS[@]}" "$@" \
		<"${STATE:-$T/state.json}" >/dev/null 2>"$T/err" || STATUS=$?
}

# traced STRACE-OPTION...: the stage's command under strace.
traced() {
	STATUS=0
	# In braces: the shell's own word about a process that was killed is of no interest.
	{
		timeout -k 1 20 strace -q -o "$T/trace" "$@" "$VMCG" --root "$ROOT" \
			--policy "$T/policy.json" "${OPTIONS[@]}" "${STAGE[@]}" \
			<"$T/state.json" >/dev/null 2>"$T/err"
		STATUS=$?
	} 2>/dev/null
}

# Number the calls of $T/trace from the sandbox on (or from a mark): "NAME N LINE".
number_calls() {
	awk -v from="${1:-^seccomp\\(}" '
		{ name = $0; sub(/\(.*/, "", name) }
		name ~ /^[a-z0-9_]+$/ { n[name]++ }
		$0 ~ from { on = 1 }
		on && name ~ /^[a-z0-9_]+$/ { print name, n[name], $0 }' "$T/trace"
}

# Those that cannot fail, or whose failure nobody could see.
can_fail() {
	awk '$1 !~ /^(exit_group|brk|mmap|munmap|getpid|gettid|getuid|geteuid|socket|sendto|getrandom)$/ &&
		$1 !~ /^(rt_sig|clock_)/ { print $1, $2 }'
}

# A host that has run out of something has run out of it for the undo as well: what fails from one
# call on.
lasting() {
	can_fail | grep -E '^(openat|pidfd_open|poll|write|renameat) ' | sed 's/$/+/'
}

# Those after which the host, or the record, is another; a kill at the next one is a kill after it.
changes() {
	awk '$1 ~ /^(mkdir|mkdirat|unlinkat|renameat|renameat2|fsetxattr|bpf|write)$/ ||
		$1 ~ /^(sched_setaffinity|exit_group)$/ || /O_CREAT/ { print $1, $2 }'
}

# What the kernel could say. ENOENT and its like would be another host, not a fault.
# shellcheck disable=SC2034 # used by run
declare -A ERRNOS=(
	[openat]="ENFILE EACCES" [openat2]="ENOMEM ENOSYS" [read]="EIO EINTR" [write]="EIO EBUSY"
	[mkdirat]="ENOSPC ENOMEM" [mkdir]="ENOSPC" [unlinkat]="EBUSY EIO" [renameat]="ENOSPC"
	[fsetxattr]="ENOSPC EOPNOTSUPP" [fgetxattr]="EIO ENOMEM" [flock]="EINTR EAGAIN ENOLCK"
	[fstatfs]="EIO" [statfs]="EACCES EIO" [newfstatat]="EACCES ENOMEM" [fstat]="EIO"
	[getdents64]="EIO" [pidfd_open]="EMFILE ENOSYS" [poll]="ENOMEM EINTR" [dup]="EMFILE"
	[sched_setaffinity]="EPERM" [fsync]="EIO" [bpf]="EPERM ENOMEM" [faccessat2]="EIO ENOSYS"
	[seccomp]="EINVAL" [prctl]="EINVAL" [readlinkat]="EACCES" [readlink]="EACCES"
)

# The occurrences to try, of the numbers on standard input: all, or the first and the last quarter
# of SAMPLES and the rest in equal steps.
sample() {
	awk -v most="$SAMPLES" '{ all[NR] = $1 }
		END {
			end = int(most / 4)
			step = NR > most ? (most - 2 * end) / (NR - 2 * end) : 1
			for (i = 1; i <= NR; i++) {
				middle = NR > most && i > end && i <= NR - end
				if (middle && int(i * step) == int((i - 1) * step))
					continue
				print all[i]
			}
		}'
}

# --- judgement: print why not ---

# is LOOK NAME: what the failed call itself explains is forgiven, and put right.
# shellcheck disable=SC2153 # NAME is that of the groups
is() {
	local want=$1 name=$2 m

	look
	# Beside a record a temporary file may wait; without one it may not.
	[[ $want != *"$ROOT/$ID.json"* ]] || LOOK=$(grep -vxF "$ROOT/$ID.json.new" <<<"$LOOK")
	[ "$LOOK" != "$want" ] || return 0
	case $(grep INJECTED "$T/trace") in
	*'.lock", 0)'* | *flock* | *fstat*'(4, '* | *faccess*)
		# The empty file of a lock that could not be taken or removed.
		rm -f "$ROOT/$ID.lock"
		;;
	*'"-'*' EBUSY '*)
		# Another group relies on the controller.
		sed -n 's/.*write([0-9]*, "\(-[a-z -]*\)".*/\1/p' "$T/trace" | tail -1 \
			>"$UNIFIED/${CG%/*}/cgroup.subtree_control"
		;;
	*"\"$NAME\", AT_REMOVEDIR) = -1 EBUSY"*)
		# A parent that is busy is another container's.
		for m in "${MOUNTS[@]}"; do [ ! -d "$m/$NAME/$ID" ] && rmdir "$m/$NAME" 2>/dev/null; done
		;;
	*'write('*"\"$VM\""* | *'cgroup.procs", O_WRONLY'*EACCES*)
		# The group it came from does not take it: the nearest above does.
		[ "$want" = "$FULL" ] || cut -d: -f3 "/proc/$VM/cgroup" | grep -qvxF -e / -e "/$NAME-home" ||
			go_home
		;;
	esac
	look
	[ "$LOOK" != "$want" ] || return 0
	echo "the host is not as $name:"
	diff <(echo "$want") <(echo "$LOOK") | grep '^[<>]' | cut -c1-200 | head -12
	return 1
}

# One line says why.
one_line() {
	[ "$(grep -vc ': warning: ' "$T/err")" -eq 1 ] || grep -q '^write(2.*INJECTED' "$T/trace" || {
		echo "exit $STATUS, and standard error is not one line:"
		head -5 "$T/err"
		return 1
	}
}

# way WORD...: a command without a fault must end with one of the given codes ("0" or "0|4").
way() {
	local codes=$1

	shift
	vmcg "$@"
	[[ $STATUS =~ ^($codes)$ ]] || {
		echo "then $1: exit $STATUS: $(head -3 "$T/err")"
		return 1
	}
}

died() {
	echo "exit $STATUS: $(head -3 "$T/err")"
	return 1
}

judge_setup() {
	case $STATUS in
	0)
		is "$FULL" "after a setup without faults" &&
			way 0 poststop && is "$BEFORE" "before, after poststop"
		;;
	1 | 3 | 4 | 5) one_line && is "$BEFORE" "before, after exit $STATUS" ;;
	6)
		one_line || return
		[ -e "$ROOT/$ID.json" ] || { echo "exit 6 and no record"; return 1; }
		way 0 destroy "$ID" && is "$BEFORE" "before, after destroy"
		;;
	*) died ;;
	esac
}

judge_teardown() {
	case $STATUS in
	0) is "$BEFORE" "before" ;;
	1 | 3 | 4 | 5) one_line && is "$FULL" "it was, after exit $STATUS" ;;
	6)
		one_line || return
		[ -e "$ROOT/$ID.json" ] || { echo "exit 6 and no record"; return 1; }
		;;
	*) died ;;
	esac && way 0 poststop && is "$BEFORE" "before, after a second poststop"
}

# After a kill: the ways back take turns.
judge_kill() {
	[ "$STATUS" -eq 137 ] || { echo "exit $STATUS, not killed"; return 1; }
	TURN=$(((TURN + 1) % 3))
	case $TURN in
	0) way "0|4" destroy "$ID" ;;
	1) way 0 poststop ;;
	*) "$AGAIN" ;;
	esac && is "$BEFORE" "before (way $TURN)"
}

again() {
	way 0 createRuntime && is "$FULL" "after a setup without faults" && way 0 poststop
}

again_refused() {
	way 5 createRuntime && way 0 poststop
}
