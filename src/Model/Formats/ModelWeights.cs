using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Formats;

/// <summary>
/// A model's parameters, and an optimizer's state of them, as tensors of files: which tensor is which parameter, or which rows of one, says
/// a <see cref="TensorMap"/>.
/// </summary>
public static partial class ModelWeights
{
    /// <summary>Builds a model and fills it from a file with Hugging Face's names.</summary>
    /// <param name="source">Files with F64, F32, F16 or BF16 numbers.</param>
    /// <param name="config">The model's sizes. Nothing is allocated before the file is known to have them.</param>
    /// <exception cref="FileFormatException">
    /// A tensor is missing, unexpected, or of another shape or type; or the head is tied and the file has another one.
    /// </exception>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public static LanguageModel<T> Read<T>(TensorSource source, TransformerConfig config)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Read<T>(source, config, FamilyFormat.Of(config).MapOf(config));

    /// <summary>Builds a model and fills it from a file of another format's names.</summary>
    /// <inheritdoc cref="Read{T}(TensorSource, TransformerConfig)"/>
    internal static LanguageModel<T> Read<T>(TensorSource source, TransformerConfig config, TensorMap map, IProgress<DataProgress>? progress = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (LanguageModel<T> model, Dictionary<Parameter<T>, StoredPart[]> parts) = Match<T>(source, config, map);
        CheckTied(source, model, map, parts);
        long done = 0, total = model.Parameters.All.Sum(parameter => parameter.Shape.Count);
        foreach (Parameter<T> parameter in model.Parameters.All)
        {
            progress?.Report(new DataProgress("reading the model", done, total));
            ReadInto(source, parts[parameter], parameter.Value.Span);
            done += parameter.Shape.Count;
        }
        if (parts.Values.Any(list => list.Length == 0))
            model.Input.FillFixedPositions();
        return model;
    }

    /// <summary>Builds a model without memory and finds the tensors of every parameter. No number is read.</summary>
    /// <inheritdoc cref="Read{T}(TensorSource, TransformerConfig)"/>
    internal static (LanguageModel<T> Model, Dictionary<Parameter<T>, StoredPart[]> Parts) Match<T>(
        TensorSource source, TransformerConfig config, TensorMap map)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Every block has tensors of its own: this bounds what is built before the shapes are compared.
        if (config.Layers > source.Entries.Count)
        {
            throw new FileFormatException(source.Path,
                $"{source.Entries.Count} tensors found, those of {config.Layers} layers expected");
        }

        LanguageModel<T> model = LanguageModel<T>.Create(config);
        Dictionary<Parameter<T>, StoredPart[]> parts = model.Parameters.All.ToDictionary(
            parameter => parameter, parameter => Find(source, map, config, kind: "", parameter));
        if (Others(source, config, map, parts).FirstOrDefault(entry => !map.IsPassedOver(entry)) is { } other)
            throw Unexpected(source, other, parts.Values.Sum(list => list.Length));
        return (model, parts);
    }

    /// <summary>The tensors of a file that are no parameters and change nothing.</summary>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    internal static IEnumerable<StoredTensor> PassedOver(TensorSource source, TransformerConfig config, TensorMap map) =>
        Others(source, config, map, Match<float>(source, config, map).Parts);

    private static IEnumerable<StoredTensor> Others<T>(
        TensorSource source, TransformerConfig config, TensorMap map, Dictionary<Parameter<T>, StoredPart[]> parts)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        HashSet<string> found = [.. parts.Values.SelectMany(list => list).Select(part => part.Entry.Name)];
        if (config.IsTied)
            found.UnionWith(map.Of(HeadName).SelectMany(part => NamesOf(map, part.Name)));
        return source.Entries.Where(entry => !found.Contains(entry.Name));
    }

    /// <summary>Writes a model under Hugging Face's names. A tied head is left out.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="model">The model.</param>
    /// <param name="type">F64, F32, F16 or BF16; left out, F32 from floats and F64 from doubles.</param>
    /// <exception cref="ArgumentException">A number is too large for the type.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, LanguageModel<T> model, StoredType? type = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Write(stream, model.Config, [.. model.Parameters.All.Select(parameter => ("", parameter, (Func<Tensor<T>>)(() => parameter.Value)))], type);

    /// <summary>The tensors that a parameter is in a file of some kind: names, shapes, layouts, and which rows of it each is.</summary>
    /// <param name="map">The names.</param>
    /// <param name="parameter">The parameter.</param>
    /// <param name="isState">Whether it is an optimizer's state of the parameter, whose numbers are as they are whatever the gain's are.</param>
    internal static IEnumerable<FilePart> Layout<T>(TensorMap map, Parameter<T> parameter, bool isState = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        IReadOnlyList<TensorPart> parts = map.Of(parameter.Name);
        int row = 0, columns = parameter.Shape.Rank == 2 ? parameter.Shape[1] : 1;
        for (int i = 0; i < parts.Count; i++)
        {
            int rows = parts.Count == 1 ? parameter.Shape[0] : parameter.Parts[i];
            bool isMatrix = parameter.Shape.Rank == 2;
            TensorLayout layout = isMatrix || parts[i].Layout != TensorLayout.Transposed ? parts[i].Layout : TensorLayout.AsIs;
            if (isState && layout == TensorLayout.LessOne)
                layout = TensorLayout.AsIs;
            long[] shape = layout == TensorLayout.OneRow ? [1, rows] : !isMatrix ? [rows] : layout == TensorLayout.Transposed ? [columns, rows] : [rows, columns];
            yield return new FilePart(parts[i].Name, layout, shape, row, rows, columns);
            row += rows;
        }
    }

    /// <summary>Some rows of a parameter in the order of a file; the numbers themselves where that is the same.</summary>
    /// <param name="part">Which rows, and in which order the file has them.</param>
    /// <param name="headSize">D, for rows that rotary positions turn.</param>
    /// <param name="values">All numbers of the parameter.</param>
    /// <param name="buffer">Room for a copy; made larger where it is too small.</param>
    internal static ReadOnlySpan<T> InFileOrder<T>(in FilePart part, int headSize, ReadOnlySpan<T> values, ref T[] buffer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<T> numbers = values.Slice(part.FirstRow * part.Columns, part.Rows * part.Columns);
        if (part.Layout is TensorLayout.AsIs or TensorLayout.OneRow)
            return numbers;
        if (buffer.Length < numbers.Length)
            buffer = new T[numbers.Length];
        Span<T> ordered = buffer.AsSpan(0, numbers.Length);
        if (part.Layout == TensorLayout.LessOne)
            TensorPrimitives.Subtract(numbers, T.One, ordered);
        else if (part.Layout == TensorLayout.Transposed)
            TensorRows.Transpose(numbers, part.Columns, ordered);
        else
            TensorRows.SwapNeighbours(numbers, part.Columns, headSize, ordered, toFile: true);
        return ordered;
    }

    /// <summary>Reads the tensors of a parameter into its numbers, or into a buffer as long as they are.</summary>
    internal static void ReadInto<T>(TensorSource source, StoredPart[] parts, Span<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (StoredPart part in parts)
        {
            Span<T> rows = numbers.Slice(part.FirstRow * part.Columns, part.Rows * part.Columns);
            switch (part.Layout)
            {
                case TensorLayout.Transposed:
                    source.ReadTransposed(part.Entry, rows);
                    break;
                case TensorLayout.TurnsNeighbours:
                    T[] inFile = new T[rows.Length];
                    source.Read<T>(part.Entry, inFile);
                    TensorRows.SwapNeighbours<T>(inFile, part.Columns, part.HeadSize, rows, toFile: false);
                    break;
                case TensorLayout.LessOne:
                    source.Read(part.Entry, rows);
                    TensorPrimitives.Add(rows, T.One, rows);
                    break;
                default:
                    source.Read(part.Entry, rows);
                    break;
            }
        }
    }

    /// <summary>That a tied head which the file has all the same is the token embedding, number for number.</summary>
    /// <exception cref="FileFormatException">It is another one.</exception>
    internal static void CheckTied<T>(
        TensorSource source, LanguageModel<T> model, TensorMap map, Dictionary<Parameter<T>, StoredPart[]> parts)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        StoredTensor table = parts[model.Tokens.Table][0].Entry;
        if (model.Config.IsTied && TryGet(source, map, "", map.Of(HeadName)[0].Name, out StoredTensor? head) && head != table
            && !source.AreEqual(head, table))
        {
            throw new FileFormatException(source.Path,
                $"{head.Name} {StoredTensor.Text(head.Shape)} differs from {table.Name}, the same expected of a tied head (tie_word_embeddings is true)");
        }
    }

    private const string HeadName = "head.weight";

    private static void Write<T>(
        Stream stream, TransformerConfig config, IReadOnlyList<(string Kind, Parameter<T> Parameter, Func<Tensor<T>> Values)> tensors, StoredType? type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorMap map = FamilyFormat.Of(config).MapOf(config);
        StoredType stored = type ?? (typeof(T) == typeof(double) ? StoredType.F64 : StoredType.F32);
        SafetensorsWriter writer = new(stream, tensors.SelectMany(tensor => Layout(map, tensor.Parameter, tensor.Kind.Length > 0)
            .Select(part => (tensor.Kind + part.Name, (IReadOnlyList<long>)part.Shape, stored))));
        T[] buffer = [];
        foreach ((string kind, Parameter<T> parameter, Func<Tensor<T>> valuesOf) in tensors)
        {
            Tensor<T> values = valuesOf();
            foreach (FilePart part in Layout(map, parameter, kind.Length > 0))
                writer.Write(InFileOrder(part, config.HeadSize, values.Span, ref buffer));
        }
        writer.Complete();
    }

    private static StoredPart[] Find<T>(TensorSource source, TensorMap map, TransformerConfig config, string kind, Parameter<T> parameter)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        return [.. Layout(map, parameter, kind.Length > 0).Select(part => new StoredPart(
            FindEntry(part.Name, part.Shape), part.Layout, part.FirstRow, part.Rows, part.Columns, config.HeadSize))];

        StoredTensor FindEntry(string name, long[] shape)
        {
            // Of two names for one matrix, some writers keep the head's.
            bool isShared = parameter.Role == ParameterRole.Embedding && config.IsTied;
            if (!TryGet(source, map, kind, name, out StoredTensor? entry)
                && !(isShared && TryGet(source, map, kind, map.Of(HeadName)[0].Name, out entry)))
            {
                throw new FileFormatException(source.Path,
                    $"there is no tensor '{kind}{name}', one of shape {StoredTensor.Text(shape)} expected");
            }
            if (!entry.Shape.SequenceEqual(shape))
            {
                throw new FileFormatException(source.Path,
                    $"tensor '{entry.Name}' has shape {StoredTensor.Text(entry.Shape)}, {StoredTensor.Text(shape)} expected");
            }
            return entry.Type.IsReal()
                ? entry
                : throw new FileFormatException(source.Path,
                    $"tensor '{entry.Name}' has dtype {entry.Type}, F64, F32, F16 or BF16 expected");
        }
    }

    private static bool TryGet(
        TensorSource source, TensorMap map, string kind, string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out StoredTensor? entry)
    {
        foreach (string other in NamesOf(map, name))
        {
            if (source.TryGet(kind + other, out entry))
                return true;
        }
        entry = null;
        return false;
    }

    private static IEnumerable<string> NamesOf(TensorMap map, string name)
    {
        yield return name;
        if (map.WithoutPrefix(name) is var bare && bare != name)
            yield return bare;
    }

    private static FileFormatException Unexpected(TensorSource source, StoredTensor tensor, int expected) => new(source.Path,
        $"an unexpected tensor '{tensor.Name}' {StoredTensor.Text(tensor.Shape)} found, the {expected} of the configuration expected");
}

/// <summary>What a tensor of a file must be to hold some rows of a parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Layout">How its numbers lie.</param>
/// <param name="Shape">Its shape in the file.</param>
/// <param name="FirstRow">The first row of the parameter.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Columns">How long a row is; 1 of a vector.</param>
internal readonly record struct FilePart(string Name, TensorLayout Layout, long[] Shape, int FirstRow, int Rows, int Columns);

/// <summary>A tensor of a file, and which rows of a parameter it is.</summary>
/// <param name="Entry">The tensor.</param>
/// <param name="Layout">How its numbers lie.</param>
/// <param name="FirstRow">The first row of the parameter.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Columns">How long a row is; 1 of a vector.</param>
/// <param name="HeadSize">D, for rows that rotary positions turn.</param>
internal sealed record StoredPart(StoredTensor Entry, TensorLayout Layout, int FirstRow, int Rows, int Columns, int HeadSize);
