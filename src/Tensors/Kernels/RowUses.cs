namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Where ids name each row of a table, places of one row in their order: what lets threads share out the rows of a sum rather than wait for
/// each other. It lies in this thread's scratch memory until the next one is made.
/// </summary>
internal readonly unsafe struct RowUses
{
    /// <summary>For each row where its places begin, and behind the last row where they end.</summary>
    public int* Starts { get; private init; }

    /// <summary>The places, row after row.</summary>
    public int* Places { get; private init; }

    /// <summary>A counting sort.</summary>
    /// <param name="ids">Each inside [0, rows), or none.</param>
    /// <param name="rows">The rows of the table.</param>
    /// <param name="none">The id that names no row.</param>
    public static RowUses Of(ReadOnlySpan<int> ids, int rows, int none)
    {
        int* starts = Scratch.Get<int>(Scratch.Slot.RowStarts, rows + 1L), places = Scratch.Get<int>(Scratch.Slot.RowPlaces, Math.Max(1, ids.Length));
        new Span<int>(starts, rows + 1).Clear();
        foreach (int id in ids)
        {
            if (id != none)
                starts[id]++;
        }

        for (int row = 0, before = 0; row <= rows; row++)
            (starts[row], before) = (before, before + starts[row]);

        for (int place = 0; place < ids.Length; place++)
        {
            if (ids[place] != none)
                places[starts[ids[place]]++] = place;
        }

        // Each start has moved to the next row's.
        for (int row = rows; row > 0; row--)
            starts[row] = starts[row - 1];

        starts[0] = 0;
        return new RowUses { Starts = starts, Places = places };
    }
}
