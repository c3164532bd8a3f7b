namespace MiniGpt.Model.Generation;

/// <summary>
/// Keeps the highest of many values and drops the rest, without sorting them: Hoare's quickselect (1961), by count or by mass. Values rank
/// from the greatest down; of equal ones, the one of the smaller index ranks higher.
/// </summary>
internal sealed class RankSelection
{
    // Long enough that the blocks' greatest values are few.
    private const int Block = 64;

    private int[] _order = [];
    private double[] _greatest = [];

    /// <summary>Keeps the <paramref name="count"/> highest values and overwrites the others.</summary>
    public void KeepCount(Span<double> values, int count, double dropped)
    {
        int candidates = Candidates(values, LowerBound(values, count));
        Keep(values, candidates, count, byMass: false, dropped);
    }

    /// <summary>
    /// Keeps the highest values until their sum reaches <paramref name="mass"/>, a part of their whole sum of 1, and overwrites the others.
    /// </summary>
    /// <returns>The sum of what is kept.</returns>
    public double KeepMass(Span<double> values, double mass, double dropped)
    {
        // Of the values that are left when so much has been taken, the highest is at least their mean. Half of it leaves room for rounding.
        int candidates = Candidates(values, (1 - mass) / values.Length / 2);
        return Keep(values, candidates, mass, byMass: true, dropped);
    }

    /// <summary>
    /// A value that as many values reach as are asked for: blocks have a greatest value each, and the lowest of the so many highest of
    /// these will do. Without it every value of a large vocabulary would go through the selection.
    /// </summary>
    private double LowerBound(ReadOnlySpan<double> values, int count)
    {
        int blocks = values.Length / Block;
        if (count > blocks / 4)
            return double.NegativeInfinity;

        if (_greatest.Length < blocks)
            _greatest = new double[blocks];

        Span<double> greatest = _greatest.AsSpan(0, blocks);
        for (int block = 0; block < blocks; block++)
        {
            double most = double.NegativeInfinity;
            foreach (double value in values.Slice(block * Block, Block))
                most = value > most ? value : most;

            greatest[block] = most;
        }

        greatest.Sort();
        return greatest[^count];
    }

    private int Candidates(ReadOnlySpan<double> values, double least)
    {
        if (_order.Length < values.Length)
            _order = new int[values.Length];

        int count = 0;
        for (int index = 0; index < values.Length; index++)
        {
            _order[count] = index;
            count += values[index] >= least ? 1 : 0;
        }

        return count;
    }

    /// <summary>A value stays if what ranks above it has not yet reached <paramref name="enough"/>. Returns the count or mass of what stays.</summary>
    private double Keep(Span<double> values, int candidates, double enough, bool byMass, double dropped)
    {
        // Whatever stands before `kept` stays, whatever stands from `end` on goes; between them it is open.
        int kept = 0, end = candidates;
        double above = 0;
        while (kept < end)
        {
            int middle = PartitionByPivot(values, kept, end, byMass, out double mass);
            if (above + mass >= enough)
                end = middle;
            else
            {
                above += mass + (byMass ? values[_order[middle]] : 1);
                kept = middle + 1;
            }
        }

        if (kept == 0)
        {
            return 0; // there are no numbers at all
        }

        // The last value that was kept is a pivot: all others that were kept stand before it because they rank higher.
        int lowest = _order[kept - 1];
        double cut = values[lowest];
        for (int index = 0; index < values.Length; index++)
        {
            if (values[index] < cut || (values[index] == cut && index > lowest))
                values[index] = dropped;
        }

        return above;
    }

    /// <summary>Brings what ranks above a pivot before it. Returns the pivot's place, and the count or mass of what ranks above it.</summary>
    private int PartitionByPivot(ReadOnlySpan<double> values, int start, int end, bool byMass, out double mass)
    {
        int[] order = _order;
        int middle = Median(values, start, end), pivot = order[middle], place = start;
        order[middle] = order[end - 1];
        mass = 0;
        for (int i = start; i < end - 1; i++)
        {
            int index = order[i];
            if (RanksAbove(values, index, pivot))
            {
                mass += byMass ? values[index] : 1;
                (order[i], order[place]) = (order[place], index);
                place++;
            }
        }

        (order[end - 1], order[place]) = (order[place], pivot);
        return place;
    }

    /// <summary>The place of the middle one of the first, the middle and the last value.</summary>
    private int Median(ReadOnlySpan<double> values, int start, int end)
    {
        int a = start, b = start + (end - start) / 2, c = end - 1;
        bool ab = RanksAbove(values, _order[a], _order[b]), bc = RanksAbove(values, _order[b], _order[c]);
        if (ab == bc)
            return b;

        return ab == RanksAbove(values, _order[a], _order[c]) ? c : a;
    }

    private static bool RanksAbove(ReadOnlySpan<double> values, int a, int b) =>
        values[a] > values[b] || (values[a] == values[b] && a < b);
}
