console.log('aXbXc'.replace('X', '-'), 'aXbXc'.replaceAll('X', '--'), 'none'.replace('z', 'y'));

export {};
