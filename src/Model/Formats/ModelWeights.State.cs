using System.Numerics;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Formats;

/// <content>What an optimizer keeps, as tensors of a file.</content>
public static partial class ModelWeights
{
    /// <summary>Fills an optimizer's state from the tensors NAME.TENSOR, each as the file of the model has TENSOR.</summary>
    /// <param name="source">The file.</param>
    /// <param name="config">The model.</param>
    /// <param name="optimizer">The optimizer of the model's parameters.</param>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public static void ReadState<T>(TensorSource source, TransformerConfig config, Optimizer<T> optimizer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorMap map = FamilyFormat.Of(config).MapOf(config);
        HashSet<string> found = [];
        foreach ((string kind, OptimizerStatePart<T> part) in PartsOf(optimizer))
        {
            StoredPart[] parts = Find(source, map, config, kind, part.Parameter);
            ReadPart(source, parts, part);
            found.UnionWith(parts.Select(part => part.Entry.Name));
        }
        if (source.Entries.FirstOrDefault(entry => !found.Contains(entry.Name) && !IsOfUntrained(entry.Name)) is { } other)
            throw Unexpected(source, other, found.Count);

        // Version 0.1 stored zeros for tables that are not trained.
        bool IsOfUntrained(string name) => optimizer.Parameters.All.Where(parameter => !parameter.IsTrained)
            .Any(parameter => map.Of(parameter.Name).Any(part => name.EndsWith($".{part.Name}", StringComparison.Ordinal)));
    }

    /// <summary>Writes an optimizer's state as the tensors NAME.TENSOR, each as the file of the model has TENSOR.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="config">The model.</param>
    /// <param name="optimizer">The optimizer of the model's parameters.</param>
    /// <param name="numbersOf">
    /// Gives all numbers of a part of the state, in the order of the state, where this process does not have them; each is asked for when it is
    /// written.
    /// </param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void WriteState<T>(
        Stream stream, TransformerConfig config, Optimizer<T> optimizer, Func<OptimizerStatePart<T>, Tensor<T>>? numbersOf = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        numbersOf ??= part => part.Values;
        Write(stream, config, [.. PartsOf(optimizer).Select(part => (part.Kind, part.Part.Parameter, (Func<Tensor<T>>)(() => numbersOf(part.Part))))], type: null);
    }

    private static IEnumerable<(string Kind, OptimizerStatePart<T> Part)> PartsOf<T>(Optimizer<T> optimizer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        optimizer.State.SelectMany(state => state.Parts.Select(part => ($"{state.Name}.", part)));

    /// <summary>Reads the numbers of a part of an optimizer's state, of which those that other ranks keep are let go.</summary>
    private static void ReadPart<T>(TensorSource source, StoredPart[] parts, OptimizerStatePart<T> part)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (part.IsWhole)
        {
            ReadInto(source, parts, part.Values.Span);
            return;
        }
        if (part.Pieces.Count == 0)
            return;
        Tensor<T> all = new([(int)part.Parameter.Shape.Count]);
        ReadInto(source, parts, all.Span);
        foreach ((int first, Tensor<T> numbers) in part.Pieces)
            all.Span.Slice(first, (int)numbers.Count).CopyTo(numbers.Span);
    }
}
