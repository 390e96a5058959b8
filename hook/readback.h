/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readback - does what a control file shows mean what was written to it?
 *
 * The kernel rounds, clamps, sorts and completes values. quirks.h knows which
 * file does what; the comparisons are here.
 */
#ifndef VMCG_HOOK_READBACK_H
#define VMCG_HOOK_READBACK_H

#include <stdbool.h>
#include <stdint.h>

/* How a value that was taken looks when it is read. */
enum readback {
	READBACK_TEXT,   /* as it was written */
	READBACK_BYTES,  /* rounded down to a page; unlimited has several forms */
	READBACK_HUGE,   /* the same with the huge page of the file's name */
	READBACK_LIST,   /* a list of CPUs or nodes in the kernel's spelling */
	READBACK_WIDER,  /* a list that contains the one written */
	READBACK_SHARES, /* clamped to 2..262144 */
	READBACK_FIELDS, /* blank-separated, those not written keep their value: cpu.max */
	READBACK_LINES,  /* one line a key, "8:0 200"; a lone number is the line "default N" */
	READBACK_PAIRS,  /* one line a key, "8:0 rbps=1 wbps=max"; pairs not written keep */
	READBACK_OOM,    /* memory.oom_control: the line oom_kill_disable */
	READBACK_NEVER,  /* cannot be read back */
};

/* Does live mean what wanted asked for? file names the huge page size for READBACK_HUGE, and
 * says what READBACK_LINES counts. White space around either text is ignored. */
bool readback_same(enum readback form, const char *file, const char *wanted, const char *live,
		   uint64_t page_size);

#endif
