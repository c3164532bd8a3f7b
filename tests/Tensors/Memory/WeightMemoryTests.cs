using System.Runtime.CompilerServices;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Memory;
using Xunit;

namespace MiniGpt.Tests.Tensors.Memory;

[Collection("Alone")]
public unsafe class WeightMemoryTests
{
    [Fact]
    public void Small_parts_lie_side_by_side_on_cache_lines_of_their_own()
    {
        List<(WeightMemory Memory, int Bytes)> parts = [];
        for (int i = 0; i < 300; i++)
        {
            int bytes = i * 997 % 60_000 + 1;
            WeightMemory memory = new(bytes);
            Assert.Equal(0, (nint)memory.Pointer % AlignedMemory.Alignment);
            new Span<byte>(memory.Pointer, bytes).Fill((byte)i);
            parts.Add((memory, bytes));
        }

        for (int i = 0; i < parts.Count; i++)
            Assert.False(new ReadOnlySpan<byte>(parts[i].Memory.Pointer, parts[i].Bytes).ContainsAnyExcept((byte)i));

        // 9 MB in blocks of 8: neighbours in all but a few places.
        int apart = parts.Zip(parts.Skip(1)).Count(pair => pair.Second.Memory.Pointer - (pair.First.Memory.Pointer + pair.First.Bytes) is < 0 or >= AlignedMemory.Alignment);
        Assert.InRange(apart, 0, 3);
    }

    [Fact]
    public void What_would_leave_most_of_a_block_empty_has_its_own_and_can_be_given_back_at_once()
    {
        WeightMemory large = new(5 << 20);
        new Span<byte>(large.Pointer, 5 << 20).Fill(1);
        large.Free();
        Assert.Throws<ObjectDisposedException>(() => (nint)large.Pointer);
        WeightMemory small = new(1000), beside = new(1000);
        small.Free();
        new Span<byte>(beside.Pointer, 1000).Fill(2);
        Assert.Equal(2, *beside.Pointer);
    }

    [Fact]
    public void The_last_part_is_given_back_to_the_next_one()
    {
        WeightMemory first = new(1000);
        byte* place = first.Pointer;
        first.Free();
        Assert.True(new WeightMemory(500).Pointer == place);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightMemory(-1));
    }

    [Fact]
    public void A_block_is_given_back_when_nothing_lies_in_it_any_more()
    {
        List<WeakReference> blocks = Fill();
        Assert.True(blocks.Count > 2);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.All(blocks, block => Assert.False(block.IsAlive));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static List<WeakReference> Fill()
        {
            List<WeakReference> blocks = [];
            for (int i = 0; i < 300; i++)
            {
                AlignedMemory block = new WeightMemory(100_000).Block;
                if (blocks.Count == 0 || blocks[^1].Target != block)
                    blocks.Add(new WeakReference(block));
            }

            return blocks;
        }
    }

    [Fact]
    public void A_matrix_stays_whole_when_those_beside_it_are_collected()
    {
        List<WeakReference> matrices = [];
        PanelMatrix<float> kept = Fill(matrices, 200);
        float[] row = new float[64];
        Collect();
        Assert.All(matrices, matrix => Assert.False(matrix.IsAlive));
        kept.ReadRow(3, row);
        Assert.All(row, number => Assert.Equal(7, number));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static PanelMatrix<float> Fill(List<WeakReference> matrices, int count)
        {
            Tensor<float> values = new([64, 64]);
            values.Span.Fill(7);
            PanelMatrix<float> first = new(values);
            for (int i = 1; i < count; i++)
                matrices.Add(new WeakReference(new PanelMatrix<float>(values)));
            return first;
        }

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }
    }
}
