using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>
/// A model's parameters, and an optimizer's moments of them, as tensors of files. What is written are safetensors files under Hugging
/// Face's names for GPT-2; what is read may have the names of any format.
/// </summary>
public static class GptWeights
{
    private static readonly string[] s_moments = ["m.", "v."];

    /// <summary>
    /// Builds a model and fills it. Names may have the prefix "transformer." or not; the masks of old files are passed over.
    /// </summary>
    /// <param name="source">Files with F64, F32, F16 or BF16 numbers.</param>
    /// <param name="config">The model's sizes. Nothing is allocated before the file is known to have them.</param>
    /// <exception cref="FileFormatException">
    /// A tensor is missing, unexpected, or of another shape or type; or the head is tied and the file has another one.
    /// </exception>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public static Gpt<T> Read<T>(TensorSource source, GptConfig config)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Read<T>(source, config, HuggingFaceNames.Instance);

    /// <summary>Builds a model and fills it from a file of another format's names.</summary>
    /// <inheritdoc cref="Read{T}(TensorSource, GptConfig)"/>
    internal static Gpt<T> Read<T>(TensorSource source, GptConfig config, WeightNames names)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Gpt<T> gpt, StoredTensor[] entries) = Match<T>(source, config, names);
        CheckTied(source, gpt, names);
        gpt.Parameters.Allocate();
        for (int i = 0; i < entries.Length; i++)
        {
            Parameter<T> parameter = gpt.Parameters.All[i];
            ReadInto(source, entries[i], names.IsTransposed(parameter.Name), parameter.Value.Span);
        }
        return gpt;
    }

    /// <summary>Builds a model without memory and finds the tensor of every parameter, in the order of the model. No number is read.</summary>
    /// <inheritdoc cref="Read{T}(TensorSource, GptConfig)"/>
    internal static (Gpt<T> Gpt, StoredTensor[] Entries) Match<T>(TensorSource source, GptConfig config, WeightNames names)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Every block has tensors of its own: this bounds what is built before the shapes are compared.
        if (config.Layers > source.Entries.Count)
        {
            throw new FileFormatException(source.Path,
                $"{source.Entries.Count} tensors found, those of {config.Layers} layers expected");
        }

        Gpt<T> gpt = new(config, allocate: false);
        StoredTensor[] entries = Match(source, gpt.Parameters, names, [""], config.TiedHead);
        return (gpt, entries);
    }

    /// <summary>Writes a model. A tied head is left out.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="gpt">The model.</param>
    /// <param name="type">F64, F32, F16 or BF16; left out, F32 from floats and F64 from doubles.</param>
    /// <exception cref="ArgumentException">A number is too large for the type.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, Gpt<T> gpt, StoredType? type = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Write(stream, gpt.Parameters, [""], [gpt.Parameters.Values], type);

    /// <summary>Fills Adam's moments from the tensors m.NAME and v.NAME, each as the file of the model has NAME.</summary>
    /// <param name="source">The file.</param>
    /// <param name="parameters">The parameters that the moments belong to.</param>
    /// <param name="first">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <param name="second">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public static void ReadMoments<T>(TensorSource source, ParameterSet<T> parameters, Tensor<T> first, Tensor<T> second)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        HuggingFaceNames names = HuggingFaceNames.Instance;
        StoredTensor[] entries = Match(source, parameters, names, s_moments, tiedHead: false);
        for (int i = 0; i < entries.Length; i++)
        {
            (int moment, int index) = Math.DivRem(i, parameters.All.Count);
            Span<T> numbers = parameters.PartOf(moment == 0 ? first : second, index).Span;
            ReadInto(source, entries[i], names.IsTransposed(parameters.All[index].Name), numbers);
        }
    }

    /// <summary>Writes Adam's moments as the tensors m.NAME and v.NAME, each as the file of the model has NAME.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="parameters">The parameters that the moments belong to.</param>
    /// <param name="first">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <param name="second">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void WriteMoments<T>(Stream stream, ParameterSet<T> parameters, Tensor<T> first, Tensor<T> second)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Write(stream, parameters, s_moments, [first, second], type: null);

    /// <summary>Finds the entry of every parameter, kind after kind, and makes sure that the file has nothing else.</summary>
    private static StoredTensor[] Match<T>(
        TensorSource source, ParameterSet<T> parameters, WeightNames names, string[] kinds, bool tiedHead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        StoredTensor[] entries = [.. kinds.SelectMany(kind => parameters.All.Select(parameter => Find(source, names, kind, parameter)))];
        HashSet<string> found = [.. entries.Select(entry => entry.Name)];
        StoredTensor? unexpected = source.Entries.FirstOrDefault(entry => !found.Contains(entry.Name)
            && !names.IsIgnored(entry.Name) && !(tiedHead && entry.Name == names.Of(WeightNames.Head)));
        return unexpected is null
            ? entries
            : throw new FileFormatException(source.Path,
                $"an unexpected tensor '{unexpected.Name}' {StoredTensor.Text(unexpected.Shape)} found, "
                + $"the {entries.Length} of the configuration expected");
    }

    private static StoredTensor Find<T>(TensorSource source, WeightNames names, string kind, Parameter<T> parameter)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string name = kind + names.Of(parameter.Name);
        long[] shape = StoredShape(parameter, names);
        if (!source.TryGet(name, out StoredTensor? entry) && !source.TryGet(kind + names.OtherOf(parameter.Name), out entry))
        {
            throw new FileFormatException(source.Path,
                $"there is no tensor '{name}', one of shape {StoredTensor.Text(shape)} expected");
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

    internal static void ReadInto<T>(TensorSource source, StoredTensor entry, bool transposed, Span<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (transposed)
            source.ReadTransposed(entry, numbers);
        else
            source.Read(entry, numbers);
    }

    /// <summary>That a tied head which the file has all the same is the token embedding, number for number.</summary>
    /// <exception cref="FileFormatException">It is another one.</exception>
    internal static void CheckTied<T>(TensorSource source, Gpt<T> gpt, WeightNames names)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!gpt.Config.TiedHead || !source.TryGet(names.Of(WeightNames.Head), out StoredTensor? head))
            return;
        StoredTensor table = Find(source, names, kind: "", gpt.TokenEmbedding.Table);
        if (!source.AreEqual(head, table))
        {
            throw new FileFormatException(source.Path,
                $"{head.Name} {StoredTensor.Text(head.Shape)} differs from {table.Name}, the same expected of a tied head (tie_word_embeddings is true)");
        }
    }

    private static void Write<T>(Stream stream, ParameterSet<T> parameters, string[] kinds, Tensor<T>[] flats, StoredType? type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        HuggingFaceNames names = HuggingFaceNames.Instance;
        StoredType stored = type ?? (typeof(T) == typeof(double) ? StoredType.F64 : StoredType.F32);
        SafetensorsWriter writer = new(stream, kinds.SelectMany(kind => parameters.All.Select(parameter =>
            (kind + names.Of(parameter.Name), (IReadOnlyList<long>)StoredShape(parameter, names), stored))));
        T[] buffer = [];
        foreach (Tensor<T> flat in flats)
        {
            for (int i = 0; i < parameters.All.Count; i++)
            {
                Span<T> numbers = parameters.PartOf(flat, i).Span;
                if (names.IsTransposed(parameters.All[i].Name))
                {
                    Span<T> transposed = Room(ref buffer, numbers.Length);
                    Transpose(numbers, columns: parameters.All[i].Shape[1], transposed);
                    numbers = transposed;
                }
                writer.Write<T>(numbers);
            }
        }
        writer.Complete();
    }

    private static long[] StoredShape<T>(Parameter<T> parameter, WeightNames names) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool isTransposed = names.IsTransposed(parameter.Name);
        long[] shape = new long[parameter.Shape.Rank];
        for (int axis = 0; axis < shape.Length; axis++)
            shape[axis] = parameter.Shape[isTransposed ? 1 - axis : axis];
        return shape;
    }

    private static Span<T> Room<T>(scoped ref T[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new T[length];
        return buffer.AsSpan(0, length);
    }

    /// <summary>[rows, columns] to [columns, rows], in squares that stay in the nearest cache.</summary>
    private static void Transpose<T>(ReadOnlySpan<T> source, int columns, Span<T> destination)
    {
        const int square = 32;
        int rows = source.Length / columns;
        for (int top = 0; top < rows; top += square)
        {
            for (int left = 0; left < columns; left += square)
            {
                int right = Math.Min(left + square, columns);
                for (int row = top; row < Math.Min(top + square, rows); row++)
                {
                    for (int column = left; column < right; column++)
                        destination[column * rows + row] = source[row * columns + column];
                }
            }
        }
    }
}
