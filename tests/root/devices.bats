#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# devices - device rules on the real kernel, by the v1 list and by v2 programs
#
# Each test gets a cgroup of its own and an empty directory for nodes;
# devices-kernel does the rest. Both are gone afterwards, whatever happened.
# A skip names its reason; with VMCG_MUST_WORK=1 it must be one of tests/skips-allowed.

KERNEL=${DEVICES_KERNEL:-$BATS_TEST_DIRNAME/../../build/root/devices-kernel}

# The test cannot be run here: why.
cannot() {
	if [ "${VMCG_MUST_WORK:-0}" = 1 ] &&
		! grep -v -e '^#' -e '^$' "$BATS_TEST_DIRNAME/../skips-allowed" |
			{ while IFS= read -r reason; do [[ $* != *"$reason"* ]] || exit 0; done; exit 1; }; then
		echo "this reason to skip is not in tests/skips-allowed: $*"
		return 1
	fi
	skip "$*"
}

# Where the hierarchy with v1 devices ("v1") or the v2 tree ("v2") is mounted.
mount_of() {
	case $1 in
	v1) pattern='- cgroup .*[ ,]devices([, ]|$)' ;;
	v2) pattern='- cgroup2 ' ;;
	esac
	grep -E -- "$pattern" /proc/self/mountinfo | head -n 1 | cut -d ' ' -f 5
}

setup() {
	CGROUP='' NODES=''
	[ -x "$KERNEL" ] || cannot "$KERNEL is not built"
	[ "$(id -u)" = 0 ] || cannot "not root"
	NODES=$(mktemp -d "${TMPDIR:-/tmp}/vmcg-dev.XXXXXX")
	if ! { mknod "$NODES/probe" c 1 3 && cat "$NODES/probe"; } 2>/dev/null; then
		cannot "no device nodes can be made and opened in $NODES"
	fi
	rm "$NODES/probe"
}

teardown() {
	if [ -n "$CGROUP" ]; then
		# Children first; a killed test may have left some.
		find "$CGROUP" -depth -type d -exec rmdir {} \;
	fi
	if [ -n "$NODES" ]; then
		rm -rf "$NODES"
	fi
}

# in_kernel v1|v2 TEST: run one test of devices-kernel in a fresh cgroup.
in_kernel() {
	local mount
	mount=$(mount_of "$1")
	[ -n "$mount" ] || cannot "no cgroup $1 hierarchy for devices is mounted"
	CGROUP=$mount/vmcg-dev-$$-$BATS_TEST_NUMBER
	mkdir "$CGROUP"
	"$KERNEL" "$2" "$CGROUP" "$NODES"
}

@test "v1: the kernel decides every row of the decision table as we do" {
	in_kernel v1 rows
}

@test "v2: the kernel decides every row of the decision table as we do" {
	in_kernel v2 rows
}

@test "v1: 200 changes of the list deny nothing that stays granted" {
	in_kernel v1 replace
}

@test "v2: 200 replaced programs deny nothing that stays granted" {
	in_kernel v2 replace
}

@test "v1: an unchanged list is not written" {
	in_kernel v1 unchanged
}

@test "v2: an unchanged program is not attached again" {
	in_kernel v2 unchanged
}

@test "v1: a reset with child cgroups is refused before the kernel does" {
	in_kernel v1 children
}

@test "v1: the kernel takes one rule a write, and removes exact keys only" {
	in_kernel v1 lines
}

@test "v2: a program of somebody else stays and still denies" {
	in_kernel v2 foreign
}

@test "v2: 64 programs of others are a clear error, and all of them stay" {
	in_kernel v2 full
}

@test "v2: a group and an ancestor that allow no second program are named" {
	in_kernel v2 ancestor
}

@test "v2: 500 entries load, and too many are a clear error" {
	in_kernel v2 many
}
