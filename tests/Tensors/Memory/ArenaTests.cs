using MiniGpt.Tensors;
using MiniGpt.Tensors.Memory;
using Xunit;

namespace MiniGpt.Tests.Tensors.Memory;

public unsafe class ArenaTests
{
    [Fact]
    public void Every_tensor_starts_on_a_cache_line_of_its_own()
    {
        using var arena = new Arena();
        nint end = 0;
        foreach (int size in (int[])[1, 3, 0, 17, 64, 5000])
        {
            Tensor<float> tensor = arena.Allocate<float>([size]);
            Assert.Equal(0, (nint)tensor.Pointer % AlignedMemory.Alignment);
            Assert.True((nint)tensor.Pointer >= end);
            end = (nint)(tensor.Pointer + size);
            tensor.Span.Fill(size);
        }
    }

    [Fact]
    public void After_the_first_step_one_block_serves_all()
    {
        using var arena = new Arena();
        void Step()
        {
            for (int i = 0; i < 10; i++)
                arena.Allocate<double>([40_000 + i]).Span.Fill(i);
        }

        Step();
        long used = arena.Used;
        Assert.True(arena.Capacity >= used);
        arena.Reset();
        Assert.Equal((0, used), (arena.Used, arena.Capacity));
        nint first = (nint)arena.Allocate<double>([40_000]).Pointer;
        for (int step = 0; step < 3; step++)
        {
            arena.Reset();
            Assert.Equal(first, (nint)arena.Allocate<double>([40_000]).Pointer);
            arena.Reset();
            Step();
            Assert.Equal((used, used), (arena.Used, arena.Capacity));
        }
    }

    [Fact]
    public void Memory_given_back_serves_the_next_tensor_of_its_size()
    {
        using var arena = new Arena();
        Tensor<float> first = arena.Allocate<float>([8, 16]);
        Tensor<float> second = arena.Allocate<float>([8, 16]);
        arena.Return(first);
        Assert.NotEqual((nint)first.Pointer, (nint)arena.Allocate<float>([8, 17]).Pointer);
        long used = arena.Used;
        Tensor<double> third = arena.Allocate<double>([64]);
        Assert.Equal((nint)first.Pointer, (nint)third.Pointer);
        Assert.Equal(used, arena.Used);
        Assert.NotEqual((nint)second.Pointer, (nint)arena.Allocate<float>([8, 16]).Pointer);
    }

    [Fact]
    public void A_reset_forgets_what_was_given_back()
    {
        using var arena = new Arena();
        arena.Return(arena.Allocate<float>([32]));
        arena.Reset();
        Tensor<float> a = arena.Allocate<float>([32]), b = arena.Allocate<float>([32]);
        Assert.NotEqual((nint)a.Pointer, (nint)b.Pointer);
    }

    [Fact]
    public void A_block_that_was_freed_is_refused()
    {
        var memory = new AlignedMemory(100);
        Assert.Equal(0, (nint)memory.Pointer % AlignedMemory.Alignment);
        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => (nint)memory.Pointer);
        Assert.Throws<ArgumentOutOfRangeException>(() => new AlignedMemory(-1));
    }
}
