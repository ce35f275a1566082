/*
 * From a function to its caller, by code that riscv32-esp-elf-as made of the comments.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "loader/frames.h"

#define CALLER 0x42001234u
#define LINK   0x42005678u

/* mv a0,s0; lw ra,28(sp); lw s0,24(sp); addi sp,sp,32; ret */
static const uint16_t framed[] = {0x8522, 0x40f2, 0x4462, 0x6105, 0x8082};
/* lw ra,140(sp); lw s0,136(sp); addi sp,sp,144; ret */
static const uint16_t long_frame[] = {0x40ba, 0x442a, 0x6149, 0x8082};
/* addi sp,s0,-32; lw ra,28(sp); lw s0,24(sp); addi sp,sp,32; ret */
static const uint16_t dynamic[] = {0x0113, 0xfe04, 0x40f2, 0x4462, 0x6105, 0x8082};
/* add a0,a0,a1; ret */
static const uint16_t leaf[] = {0x952e, 0x8082};
/* lw ra,12(sp); addi sp,sp,16; jr t1 */
static const uint16_t tail_register[] = {0x40b2, 0x0141, 0x8302};
/* lw ra,12(sp); addi sp,sp,16; j 1f; nop; 1: addi sp,sp,-32; sw ra,28(sp); call 0 */
static const uint16_t tail_jump[] = {0x40b2, 0x0141, 0xa011, 0x0001, 0x1101,
                                     0xce06, 0x0097, 0xbe00, 0x80e7, 0xff40};
/* bnez a0,1f; call abort; another function: addi sp,sp,-16; sw ra,12(sp); lw ra,12(sp);
 * addi sp,sp,16; ret; 1: lw ra,12(sp); addi sp,sp,16; ret */
static const uint16_t no_return[] = {0xe911, 0x0097, 0xbe00, 0x80e7, 0xffe0, 0x1141, 0xc606,
                                     0x40b2, 0x0141, 0x8082, 0x40b2, 0x0141, 0x8082};
/* The same with instructions of 32 bits, and ebreak: beq a0,a1,1f; call 0; ebreak; 1: lui a0,1;
 * csrr a1,mstatus; lw ra,12(sp); addi sp,sp,16; ret */
static const uint16_t wide[] = {0x0863, 0x00b5, 0x0097, 0xbe00, 0x80e7, 0xffc0,
                                0x0073, 0x0010, 0x1537, 0x0000, 0x25f3, 0x3000,
                                0x2083, 0x00c1, 0x0113, 0x0101, 0x8067, 0x0000};
/* 1: lw a0,0(a1); beqz a0,1b; call 0; j 1b */
static const uint16_t endless[] = {0x4188, 0xdd7d, 0x0097, 0xbe00, 0x80e7, 0xffc0, 0xbfd5};
/* sw ra,12(sp); lw ra,12(sp); addi sp,sp,16; ret */
static const uint16_t not_saved_yet[] = {0xc606, 0x40b2, 0x0141, 0x8082};
/* addi sp,sp,-16; sw ra,12(sp); lw ra,12(sp); addi sp,sp,16; ret */
static const uint16_t not_begun[] = {0x1141, 0xc606, 0x40b2, 0x0141, 0x8082};
/* jr a5; lw ra,12(sp); addi sp,sp,16; ret */
static const uint16_t switch_table[] = {0x8782, 0x40b2, 0x0141, 0x8082};

static uint32_t stack[64];
#define END (stack + COUNT(stack))

typedef struct {
    const uint16_t *code;
    size_t size;
    size_t frame; /* words; its last one is the return address */
} function_t;

static hotreload_frame_t frame_in(const uint16_t *code, size_t size)
{
    fake_port.code = (const uint8_t *)code;
    fake_port.code_size = size;
    memset(stack, 0, sizeof stack);
    return (hotreload_frame_t){.pc = FAKE_CODE, .sp = stack + 4};
}

static void a_saved_return_address_is_found(void **state)
{
    const function_t functions[] = {
        {framed, sizeof framed, 8},
        {long_frame, sizeof long_frame, 36},
        {tail_register, sizeof tail_register, 4},
        {tail_jump, sizeof tail_jump, 4},
        {no_return, sizeof no_return, 4},
        {wide, sizeof wide, 4},
    };
    for (size_t i = 0; i < COUNT(functions); i++) {
        hotreload_frame_t frame = frame_in(functions[i].code, functions[i].size);
        const uint32_t *caller_sp = frame.sp + functions[i].frame;
        stack[4 + functions[i].frame - 1] = CALLER;
        assert_true(hotreload_frames_next_riscv(&frame, END));
        assert_int_equal(frame.pc, CALLER);
        assert_ptr_equal(frame.sp, caller_sp);
        assert_int_equal(frame.link, 0);
    }
}

/** A function that takes stack as it runs gives it back by s0, which it saved for its caller. */
static void a_frame_pointer_tells_where_the_frame_is(void **state)
{
    hotreload_frame_t frame = frame_in(dynamic, sizeof dynamic);
    frame.frame_pointer = (uint32_t)(uintptr_t)(stack + 40);
    stack[39] = CALLER;
    stack[38] = 99;
    assert_true(hotreload_frames_next_riscv(&frame, END));
    assert_int_equal(frame.pc, CALLER);
    assert_ptr_equal(frame.sp, stack + 40);
    assert_int_equal(frame.frame_pointer, 99);

    frame = frame_in(dynamic, sizeof dynamic); /* s0 is not known */
    assert_false(hotreload_frames_next_riscv(&frame, END));
}

static void a_function_without_a_frame_has_its_return_address_in_ra(void **state)
{
    hotreload_frame_t frame = frame_in(leaf, sizeof leaf);
    frame.link = LINK;
    assert_true(hotreload_frames_next_riscv(&frame, END));
    assert_int_equal(frame.pc, LINK);
    assert_ptr_equal(frame.sp, stack + 4);
}

static void what_nobody_can_tell_stays_as_it_is(void **state)
{
    const function_t functions[] = {
        {endless, sizeof endless, 0},     {not_saved_yet, sizeof not_saved_yet, 4},
        {not_begun, sizeof not_begun, 4}, {switch_table, sizeof switch_table, 4},
        {framed, sizeof framed - 2, 8}, /* the code ends */
    };
    for (size_t i = 0; i < COUNT(functions); i++) {
        hotreload_frame_t frame = frame_in(functions[i].code, functions[i].size);
        stack[7] = stack[11] = CALLER;
        frame.link = LINK;
        assert_false(hotreload_frames_next_riscv(&frame, END));
        assert_int_equal(frame.pc, FAKE_CODE);
        assert_ptr_equal(frame.sp, stack + 4);
    }
    hotreload_frame_t frame = frame_in(leaf, sizeof leaf); /* ra is not known */
    assert_false(hotreload_frames_next_riscv(&frame, END));
    frame = frame_in(framed, sizeof framed); /* no return address: the first function */
    assert_false(hotreload_frames_next_riscv(&frame, END));
    frame = frame_in(framed, sizeof framed); /* longer than the stack */
    stack[11] = CALLER;
    assert_false(hotreload_frames_next_riscv(&frame, stack + 10));
}

static void xtensa_saves_two_registers_of_each_caller(void **state)
{
    hotreload_frame_t frame = frame_in(leaf, sizeof leaf);
    frame.link = 0x80001111u;
    stack[0] = 0x80002222u;                        /* a0 of the caller */
    stack[1] = (uint32_t)(uintptr_t)(stack + 20);  /* a1 */
    stack[17] = (uint32_t)(uintptr_t)(stack + 30); /* of the next one, whose a0 is 0 */
    assert_true(hotreload_frames_next_xtensa(&frame, END));
    assert_int_equal(frame.pc, 0x80001111u);
    assert_ptr_equal(frame.sp, stack + 20);
    assert_true(hotreload_frames_next_xtensa(&frame, END));
    assert_int_equal(frame.pc, 0x80002222u);
    assert_true(hotreload_frames_next_xtensa(&frame, END));
    assert_int_equal(frame.pc, 0);
    assert_ptr_equal(frame.sp, END);
}

static void xtensa_frames_only_go_up(void **state)
{
    const uint32_t *wrong[] = {stack + 4, stack, END + 1};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        hotreload_frame_t frame = frame_in(leaf, sizeof leaf);
        frame.link = CALLER;
        stack[1] = (uint32_t)(uintptr_t)wrong[i];
        assert_false(hotreload_frames_next_xtensa(&frame, END));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_return_address_is_found),
        cmocka_unit_test(a_frame_pointer_tells_where_the_frame_is),
        cmocka_unit_test(a_function_without_a_frame_has_its_return_address_in_ra),
        cmocka_unit_test(what_nobody_can_tell_stays_as_it_is),
        cmocka_unit_test(xtensa_saves_two_registers_of_each_caller),
        cmocka_unit_test(xtensa_frames_only_go_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
