#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# docs.bats - the manual pages, the examples and the completion say what the program does

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	DOCS=$TOP/docs
	VMCG=$(realpath "${VMCG:-$TOP/build/vmcg}")
	[ -x "$VMCG" ]
}

# What --help lists: its commands, or its options.
help_words() {
	"$VMCG" --help | awk -v part="$1:" '
		/^[a-z]/ { in_part = $0 == part }
		in_part && /^  [^ ]/ { print $1 }'
}

# The completions of a command line whose last word is the one to complete.
complete_line() {
	bash -c '
		vmcg() { "$VMCG" "$@"; }
		eval "$("$VMCG" --completion)"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_vmcg
		printf "%s\n" "${COMPREPLY[@]}"' complete "$@"
}

# --- completion ---

@test "completion: every command and option, and nothing else" {
	export VMCG
	want=$({ help_words commands; help_words options; } | sort)
	[ -n "$want" ]
	diff -u <(echo "$want") <(complete_line vmcg "" | sort)
}

@test "completion: the words of an option, in both spellings" {
	export VMCG
	[ "$(complete_line vmcg --mode "" | xargs)" = "auto own adopt" ]
	[ "$(complete_line vmcg --mode = ad)" = adopt ]
	[ "$(complete_line vmcg --cgroup-manager s)" = systemd ]
}

@test "completion: loads into a strict shell" {
	"$VMCG" --completion >"$BATS_TEST_TMPDIR/vmcg.bash"
	bash -euo pipefail -c '. "$1"; complete -p vmcg' load "$BATS_TEST_TMPDIR/vmcg.bash"
}
