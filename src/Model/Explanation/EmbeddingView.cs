using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>A token near another one.</summary>
/// <param name="Id">The token.</param>
/// <param name="Cosine">The cosine of the angle between the two vectors.</param>
public readonly record struct Neighbour(int Id, float Cosine);

/// <summary>The token embedding, as far as a sentence needs it.</summary>
/// <param name="Distinct">The sentence's tokens, each once, in the order in which they come.</param>
/// <param name="Vectors">[distinct, C]: their vectors.</param>
/// <param name="Neighbours">For each of them the nearest other tokens.</param>
/// <param name="MapIds">The tokens on the map.</param>
/// <param name="Map">[map, 2]: where they lie.</param>
/// <param name="Shares">The shares of the variance that the map's directions have.</param>
/// <param name="Directions">[3, C]: the vector in the middle of the map, and its two directions: where any other vector lies follows from them.</param>
public sealed record EmbeddingView(
    int[] Distinct, PackedNumbers Vectors, Neighbour[][] Neighbours, int[] MapIds, PackedNumbers Map, double[] Shares, PackedNumbers Directions)
{
    private const int NeighboursShown = 8;
    private const int MostOnMap = 2000; // of a large vocabulary the first, which a learned tokenizer met first

    internal static EmbeddingView Of(Tensor<float> table, IReadOnlyList<int> ids)
    {
        (int size, int width) = (table.Shape[0], table.Shape[1]);
        int[] distinct = [.. ids.Distinct()];
        using Tape<float> tape = new(records: false);
        Variable<float> all = tape.Constant(table);
        Variable<float> vectors = tape.Embedding(all, tape.Copy<int>(distinct, [distinct.Length]));
        Neighbour[][] neighbours = FindNeighbours(vectors, all, distinct);

        PrincipalComponents components = PrincipalComponents.Of(table);
        int[] onMap = [.. distinct.Union(Enumerable.Range(0, Math.Min(size, MostOnMap))).Order()];
        float[] map = [.. onMap.SelectMany(id => components.Coordinates.Skip(2 * id).Take(2))];
        return new EmbeddingView(distinct, PackedNumbers.Exact(vectors.Value.Span, distinct.Length, width), neighbours,
            onMap, PackedNumbers.Exact(map, onMap.Length, 2), components.Shares,
            PackedNumbers.Exact([.. components.Centre, .. components.Axes], 3, width));
    }

    private static Neighbour[][] FindNeighbours(Variable<float> vectors, Variable<float> all, int[] ids)
    {
        Variable<float> products = vectors.MatMul(all, transposeB: true); // (distinct, V)
        float[] lengths = (all * all).Sum(1).Sqrt().Value.Span.ToArray();
        int size = lengths.Length;
        var neighbours = new Neighbour[ids.Length][];
        for (int row = 0; row < ids.Length; row++)
        {
            float[] cosines = products.Value.Span.Slice(row * size, size).ToArray();
            for (int id = 0; id < size; id++)
                cosines[id] = lengths[id] > 0 ? cosines[id] / (lengths[id] * lengths[ids[row]]) : 0;
            neighbours[row] = [.. Ranking.Greatest(cosines, NeighboursShown + 1).Where(id => id != ids[row]).Take(NeighboursShown)
                .Select(id => new Neighbour(id, cosines[id]))];
        }
        return neighbours;
    }
}
