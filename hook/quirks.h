/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quirks - what is odd about a control file: how it reads back, what to retry, what to say
 *
 * Knowledge for apply and check, as tables; nothing is read or written here.
 * Files are named without their directory. version is 1 or 2, as facts_version
 * has it: the same name can behave differently.
 */
#ifndef VMCG_HOOK_QUIRKS_H
#define VMCG_HOOK_QUIRKS_H

#include <stdbool.h>
#include <stdint.h>

#include "hook/readback.h"

struct quirk {
	int version;
	const char *file; /* a name, or a pattern with one '*' */
	enum readback readback;
	/* On EINVAL or EBUSY: take the plan's step for this file, then try again once. NULL: none.
	 */
	const char *partner;
	/* What to write to the partner when the plan has no step for it. NULL: do not retry then.
	 */
	const char *partner_value;
	/* EOPNOTSUPP is fine when this file took the same wish. NULL: none. */
	const char *twin;
	/* After writing read this file and ask quirks_verified: success alone proves nothing.
	 * NULL: no need. */
	const char *verify_file;
	/* On EBUSY its number is worth showing: what the group uses. NULL: none. */
	const char *usage_file;
};

/* What is known about a file; NULL when there is nothing odd about it. */
const struct quirk *quirks_find(int version, const char *file);

/* Does live, read from file, mean what wanted, written to it, asked for? A newline at the
 * end of either does not count. */
bool quirks_same(int version, const char *file, const char *wanted, const char *live,
		 uint64_t page_size);

/* Does live, read from the quirk's verify_file, prove that wanted took effect? */
bool quirks_verified(const struct quirk *q, const char *wanted, const char *live,
		     uint64_t page_size);

/* Why the kernel answers errno os when file is opened or written, and the way out: a clause
 * for the end of a message. NULL when nothing better than the errno is known. */
const char *quirks_hint(int version, const char *file, int os);

#endif
