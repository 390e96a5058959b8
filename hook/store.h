/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the records on disk
 *
 * <root>/<id>.json, mode 0600, in a directory of mode 0700. A record is
 * replaced as a whole: temporary file, fsync (not on tmpfs, where it means
 * nothing), rename. Whoever works on an id holds <root>/<id>.lock; different
 * ids never wait for each other, and there is no lock over all.
 */
#ifndef VMCG_HOOK_STORE_H
#define VMCG_HOOK_STORE_H

#include "hook/record.h"

/* Conditions */
enum {
	STORE_ABSENT = 1, /* no record of this id, or no run directory at all */
	STORE_BUSY,       /* somebody else works on this id, and no time was given to wait */
};

/* How long a stage waits for another that works on the same id: longer than any of them takes (a
 * busy systemd and the undo after it included), shorter than a hook's timeout. */
enum { STORE_LOCK_MS = 45000 };

struct store {
	const char *root; /* borrowed */
	int dir;          /* the run directory, -1 */
	int lock;         /* the lock of id, -1 */
	const char *id;   /* borrowed */
	bool synced;      /* the file system loses what was not synced */
};

#define STORE_NONE ((struct store){.dir = -1, .lock = -1})

/* Open the run directory; make: create it (and its parents) when missing, else STORE_ABSENT.
 * A directory that others can write to is refused (ERROR_HOST). */
int store_open(struct store *s, const char *root, bool make, struct error *e);

/* Take the lock of an id, waiting at most timeout_ms; ERROR_HOST when it is held longer, but
 * STORE_BUSY where timeout_ms is 0: who does not wait has something else to do.
 * STORE_ABSENT: the id is longer than a file's name can be, so there is no record of it. */
int store_lock(struct store *s, const char *id, unsigned timeout_ms, struct error *e);

/* Does somebody hold the lock of an id at this moment? Nothing is made or changed. */
bool store_is_busy(const struct store *s, const char *id);

/* The record of id. STORE_ABSENT. */
int store_load(struct record *ret, const struct store *s, const char *id, struct arena *a,
	       struct error *e);

/* Its bytes, as they are. STORE_ABSENT: also when they cannot be read. */
int store_text(const char **ret, const struct store *s, const char *id, struct arena *a);

/* Save the record of the locked id, or remove it (a missing one is fine). ERROR_FAILED. */
int store_save(const struct store *s, const struct record *r, struct error *e);
int store_remove(const struct store *s, struct error *e);

/* Keep a few words beside the records for later runs, under a name without ".json"; the lock of
 * an id is held. What cannot be written is not kept. */
void store_note(const struct store *s, const char *name, const char *text);

/* The ids that have a record, sorted. */
int store_list(const char ***ret, size_t *ret_n, const struct store *s, struct arena *a,
	       struct error *e);

/* The ids, sorted, that have other files but no record: locks and halves of what a killed writer
 * wrote. Whoever is about to write a record shows here as well, and holds the lock. */
int store_leftovers(const char ***ret, size_t *ret_n, const struct store *s, struct arena *a,
		    struct error *e);

/* Under the lock of an id: remove what a killed writer has left half written. */
void store_sweep(const struct store *s);

/* Give the lock back (its file goes when no record is left) and close. */
void store_close(struct store *s);

#endif
