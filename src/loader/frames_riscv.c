/*
 * Nothing on a stack of RISC-V tells where a frame ends. But wherever a function of GCC's goes on,
 * each way to its end takes back the same stack and loads the same return address. So one way is
 * followed: what moves sp, and what loads ra and s0, is executed; all else only counts by the
 * registers that it changes. A way that cannot be right is given up for the other side of a branch.
 * It is not right if it returns with an unknown ra or takes new stack: so ends a way through a call
 * that does not return, for instance.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader/frames.h"
#include "loader/instruction_riscv.h"
#include "port.h"

/* Bounds of the time that a search takes. A function that needs more is one that nobody can tell.
 */
#define STEPS    200u
#define BRANCHES 12u /* not taken, at a time */
#define SEEN     24u

/** Where a value comes from. */
typedef enum { UNKNOWN, REGISTER, LOADED } source_t;

typedef struct {
    uint32_t pc;
    const uint32_t *sp;
    uint32_t ra, s0;
    source_t ra_from, s0_from;
} state_t;

typedef enum { GOES_ON, RETURNS, WRONG } outcome_t;

typedef struct {
    const uint32_t *from, *end; /* of the stack */
    state_t at;
    state_t others[BRANCHES]; /* branches that were not taken */
    uint32_t other_count;
    uint32_t seen[SEEN]; /* where they lead */
    uint32_t seen_count;
} walk_t;

static const uint32_t *stack_word(const walk_t *walk, const riscv_instruction_t *in)
{
    const uint32_t *base = walk->at.sp;
    if (in->rs1 == RISCV_S0 && walk->at.s0_from != UNKNOWN) {
        base = hotreload_stack_pointer(walk->at.sp, walk->at.s0);
    } else if (in->rs1 != RISCV_SP) {
        return NULL;
    }
    const uint32_t *word = base + in->immediate / 4;
    return word >= walk->from && word < walk->end && in->immediate % 4 == 0 ? word : NULL;
}

/** An instruction that changes a register, and is none of those below. */
static outcome_t write_register(state_t *at, unsigned rd)
{
    if (rd == RISCV_RA) {
        at->ra_from = UNKNOWN;
    } else if (rd == RISCV_S0) {
        at->s0_from = UNKNOWN;
    }
    return rd == RISCV_SP ? WRONG : GOES_ON;
}

static outcome_t move_sp(state_t *at, const riscv_instruction_t *in)
{
    if (in->immediate % 4 != 0) {
        return WRONG;
    }
    if (in->rs1 == RISCV_SP && in->immediate < 0) { /* another function that this one ended with */
        return at->ra_from == LOADED ? RETURNS : WRONG;
    }
    if (in->rs1 == RISCV_SP) {
        at->sp += in->immediate / 4;
        return GOES_ON;
    }
    if (in->rs1 != RISCV_S0 || at->s0_from == UNKNOWN ||
        (at->s0 - (uint32_t)(uintptr_t)at->sp) % 4 != 0) {
        return WRONG;
    }
    at->sp = hotreload_stack_pointer(at->sp, at->s0) + in->immediate / 4;
    return GOES_ON;
}

static outcome_t execute_add(state_t *at, const riscv_instruction_t *in)
{
    if (in->rd == RISCV_SP) {
        return move_sp(at, in);
    }
    if (in->rd == RISCV_S0 && in->rs1 == RISCV_SP) {
        at->s0 = (uint32_t)(uintptr_t)at->sp + (uint32_t)in->immediate;
        at->s0_from = LOADED;
        return GOES_ON;
    }
    return write_register(at, in->rd);
}

static outcome_t execute_load(walk_t *walk, const riscv_instruction_t *in)
{
    const uint32_t *word = stack_word(walk, in);
    if (word == NULL || (in->rd != RISCV_RA && in->rd != RISCV_S0)) {
        return write_register(&walk->at, in->rd);
    }
    if (in->rd == RISCV_RA) {
        walk->at.ra = *word;
        walk->at.ra_from = LOADED;
    } else {
        walk->at.s0 = *word;
        walk->at.s0_from = LOADED;
    }
    return GOES_ON;
}

/** A register that is still to be saved is not on the stack yet. */
static outcome_t execute_store(state_t *at, const riscv_instruction_t *in)
{
    return in->rs1 == RISCV_SP && (in->rd == RISCV_RA || in->rd == RISCV_S0) &&
                   at->ra_from != LOADED
               ? WRONG
               : GOES_ON;
}

static outcome_t jump_to_register(const state_t *at, const riscv_instruction_t *in)
{
    const bool returns = in->rs1 == RISCV_RA && in->immediate == 0 && at->ra_from != UNKNOWN;
    return returns || at->ra_from == LOADED ? RETURNS : WRONG;
}

static void remember_branch(walk_t *walk, uint32_t to)
{
    for (uint32_t i = 0; i < walk->seen_count; i++) {
        if (walk->seen[i] == to) {
            return;
        }
    }
    if (walk->seen_count < SEEN && walk->other_count < BRANCHES) {
        walk->seen[walk->seen_count++] = to;
        walk->others[walk->other_count] = walk->at;
        walk->others[walk->other_count++].pc = to;
    }
}

static outcome_t execute(walk_t *walk)
{
    riscv_instruction_t in;
    const uint32_t pc = walk->at.pc;
    riscv_decode(pc, &in);
    walk->at.pc += in.size;
    switch (in.kind) {
    case RISCV_ADDI:
        return execute_add(&walk->at, &in);
    case RISCV_LW:
        return execute_load(walk, &in);
    case RISCV_SW:
        return execute_store(&walk->at, &in);
    case RISCV_WRITE:
        return write_register(&walk->at, in.rd);
    case RISCV_CALL:
        walk->at.ra_from = UNKNOWN;
        return GOES_ON;
    case RISCV_BRANCH:
        remember_branch(walk, pc + (uint32_t)in.immediate);
        return GOES_ON;
    case RISCV_JUMP:
        walk->at.pc = pc + (uint32_t)in.immediate;
        return GOES_ON;
    case RISCV_JR:
        return jump_to_register(&walk->at, &in);
    case RISCV_OTHER:
        return GOES_ON;
    case RISCV_ENDS:
        break;
    }
    return WRONG;
}

/** A function that saved its return address has a frame. */
static bool is_caller(const walk_t *walk)
{
    const state_t *at = &walk->at;
    const bool has_frame = at->sp > walk->from || (at->sp == walk->from && at->ra_from == REGISTER);
    return has_frame && at->sp <= walk->end && at->ra != 0;
}

bool hotreload_frames_next_riscv(hotreload_frame_t *frame, const uint32_t *end)
{
    walk_t walk = {
        .from = frame->sp,
        .end = end,
        .at = {.pc = frame->pc, .sp = frame->sp, .ra = frame->link, .s0 = frame->frame_pointer},
    };
    walk.at.ra_from = frame->link != 0 ? REGISTER : UNKNOWN;
    walk.at.s0_from = frame->frame_pointer != 0 ? REGISTER : UNKNOWN;
    for (unsigned step = 0; step < STEPS; step++) {
        const outcome_t outcome = execute(&walk);
        if (outcome == RETURNS && is_caller(&walk)) {
            frame->pc = walk.at.ra;
            frame->link = 0; /* it called, so the register is not its own any more */
            frame->frame_pointer = walk.at.s0_from != UNKNOWN ? walk.at.s0 : 0;
            frame->sp = walk.at.sp;
            return true;
        }
        if (outcome != GOES_ON) {
            if (walk.other_count == 0) {
                return false;
            }
            walk.at = walk.others[--walk.other_count];
        }
    }
    return false;
}
